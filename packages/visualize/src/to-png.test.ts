import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { makeInspection, makeMetrics, makePair } from '../test/run-fixture.ts';
import { drawLoss } from './chart/draw-loss.ts';
import { drawWeights } from './picture/draw-weights.ts';
import { encodePair } from './picture/encode-pair.ts';
import { fixTheme } from './theme.ts';
import { toPng } from './to-png.ts';

const svg = drawLoss(makeMetrics(100), { queueLength: 320 });

async function decode(png: Uint8Array) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  const pixel = (x: number, y: number) => [
    ...data.subarray((y * info.width + x) * info.channels).subarray(0, info.channels),
  ];
  return { ...info, data, pixel };
}

describe('toPng', () => {
  it('is twice as large by default, or as wide as asked for', async () => {
    expect(await decode(await toPng(svg))).toMatchObject({ format: 'raw', width: 760, height: 480 });
    expect(await decode(await toPng(svg, { scale: 1 }))).toMatchObject({ width: 380, height: 240 });
    expect(await decode(await toPng(svg, { width: 501 }))).toMatchObject({ width: 501, height: 316 });
  });

  it('has the ground of its theme, and something on it', async () => {
    const light = await decode(await toPng(svg));
    const dark = await decode(await toPng(svg, { theme: 'dark' }));
    expect(light.pixel(0, 0).slice(0, 3)).toEqual([255, 255, 255]);
    expect(dark.pixel(0, 0).slice(0, 3)).toEqual([0x15, 0x18, 0x1c]);
    for (const { data } of [light, dark]) expect(new Set(data).size).toBeGreaterThan(50);
    const odd = await decode(await toPng(svg, { width: 501, theme: 'dark' }));
    for (const [x, y] of [
      [500, 0],
      [0, 315],
      [500, 315],
    ] as const) {
      expect(odd.pixel(x, y).slice(0, 3)).toEqual([0x15, 0x18, 0x1c]);
    }
    const clear = await decode(await toPng(svg, { background: 'none' }));
    expect(clear.pixel(0, 0)[3]).toBe(0);
  });

  it('shows lines in their colours: custom properties are resolved', async () => {
    const { data, channels } = await decode(await toPng(svg, { scale: 3 }));
    let blue = 0;
    for (let at = 0; at < data.length; at += channels) {
      if (data[at] === 0x00 && data[at + 1] === 0x72 && data[at + 2] === 0xb2) blue++;
    }
    expect(blue).toBeGreaterThan(500);
  });

  it('shows the photo below a heat map', async () => {
    const flat = { ...makeInspection(), weight: new Float32Array(16).fill(0.5) };
    const { data } = await decode(
      await toPng(drawWeights(await encodePair(makePair()), flat, { legend: false })),
    );
    expect(new Set(data).size).toBeGreaterThan(100);
  });

  it('refuses what is no picture', async () => {
    await expect(toPng('<p>')).rejects.toThrow('a viewBox');
    await expect(toPng('<svg width="3" height="3"><g/></svg>')).rejects.toThrow('a viewBox');
    await expect(toPng(svg, { width: 1e6 })).rejects.toThrow('width');
    await expect(toPng(svg, { scale: 0 })).rejects.toThrow('scale');
  });
});

describe('fixTheme', () => {
  it('leaves no custom property, and gives each theme its colours', () => {
    const [light, dark] = [fixTheme(svg, 'light'), fixTheme(svg, 'dark')];
    for (const fixed of [light, dark]) expect(fixed).not.toContain('var(');
    expect(light).toContain('#0072b2');
    expect(dark).toContain('#56b4e9');
    expect(dark).not.toContain('#0072b2');
  });
});
