import { parseHTML } from 'linkedom';
import { describe, expect, it } from 'vitest';
import { makeMetrics, makeReport } from '../../test/run-fixture.ts';
import type { ReportMetrics, ReportScore } from '../report-data.ts';
import { drawConfusion } from './draw-confusion.ts';
import { drawLoss } from './draw-loss.ts';
import { drawMemory } from './draw-memory.ts';
import { drawScalar } from './draw-scalar.ts';
import { drawScore } from './draw-score.ts';
import { formatNumber } from './plot.ts';
import { queueFullStep } from './queue-full-step.ts';
import { lossTerms, unknownScalars } from './scalars.ts';

const metrics = makeMetrics(200);
const [score] = makeReport().scores as [ReportScore];
const parse = (svg: string) => parseHTML(`<body>${svg}</body>`).document;
const texts = (svg: string) => [...parse(svg).querySelectorAll('text')].map((text) => text.textContent);

describe('every chart', () => {
  const charts: Record<string, string> = {
    loss: drawLoss(metrics, { queueLength: 320 }),
    'one point': drawLoss(metrics.slice(0, 1), { queueLength: 320 }),
    'no point': drawLoss([]),
    spread: drawScalar(metrics, 'featureDeviation'),
    constant: drawScalar(metrics, 'targetMomentum'),
    unknown: drawScalar(metrics, 'nothing'),
    prototype: drawScalar(metrics, 'constructor'),
    memory: drawMemory(metrics),
    'no memory': drawMemory([]),
    score: drawScore(score),
    'unknown score': drawScore({ ...score, untrained: Number.NaN }),
    confusion: drawConfusion(score.confusion ?? [], ['road', 'sky']),
    'zero loss': drawLoss(metrics.map((line) => ({ ...line, loss: 0, image: 0, dense: 0 }))),
    'broken loss': drawLoss([...metrics, { ...(metrics[0] as ReportMetrics), step: 200, loss: Number.NaN }]),
  };

  it.each(Object.entries(charts))('%s is a named document of finite numbers', (_, svg) => {
    const root = parse(svg).querySelector('svg');
    expect(svg).toMatch(
      /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" width="\d+" height="\d+" viewBox="0 0 \d+ \d+" role="img"/,
    );
    expect(root?.getAttribute('aria-label')?.length).toBeGreaterThan(5);
    expect(svg).not.toMatch(/NaN|undefined|Infinity|<style/);
  });

  it('is the same each time', () => {
    expect(drawLoss(metrics, { queueLength: 320 })).toBe(charts.loss);
    expect(drawScore(score)).toBe(charts.score);
  });
});

describe('drawLoss', () => {
  it('names its lines with their last values, and shades the steps while the queue fills', () => {
    const found = texts(drawLoss(metrics, { queueLength: 320 }));
    expect(found).toContain('chance 6.5');
    expect(found).toContain('dense 1');
    expect(found.filter((text) => /^(loss|image) \d/.test(text ?? ''))).toHaveLength(2);
    expect(found).toContain('queue is filling');
    expect(texts(drawLoss(metrics, { queueLength: 32 }))).not.toContain('queue is filling');
    expect(texts(drawLoss(metrics))).not.toContain('queue is filling');
  });

  it('draws each term beside its own chance level', () => {
    const levels = metrics.map((line) => ({ ...line, imageChance: 5.2, denseChance: 1.3 }));
    const found = texts(drawLoss(levels));
    expect(found).toEqual(expect.arrayContaining(['image chance 5.2', 'dense chance 1.3', 'chance 6.5']));
    expect(lossTerms(levels)).toEqual(['image', 'dense']);
    expect(unknownScalars(levels)).toEqual([]);
    // Without weight there is none.
    expect(texts(drawLoss(levels.map((line) => ({ ...line, denseChance: 0 })))).join()).not.toContain(
      'dense ch',
    );
  });

  it('keeps names apart', () => {
    const close = metrics.map((line) => ({ ...line, loss: 2.01, image: 1.005, dense: 1.005, chance: 2.02 }));
    const labels = [...parse(drawLoss(close)).querySelectorAll('text')].filter((text) =>
      /^(loss|image|dense|chance) /.test(text.textContent ?? ''),
    );
    const heights = labels
      .map((text) => Number(/,(-?[\d.]+)\)/.exec(text.getAttribute('transform') ?? '')?.[1]))
      .sort((a, b) => a - b);
    expect(heights).toHaveLength(4);
    for (let at = 1; at < 4; at++)
      expect((heights[at] as number) - (heights[at - 1] as number)).toBeGreaterThan(12);
  });

  it('stays small and quick for a long run', () => {
    const long = makeMetrics(100_000);
    const start = performance.now();
    const svg = drawLoss(long, { queueLength: 320 });
    // About 0.3 s on two slow cores.
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(svg.length).toBeLessThan(150_000);
  });
});

describe('drawScore', () => {
  it('says what is missing, and keeps class names text', () => {
    expect(texts(drawScore(score))).toContain('neither labelled nor predicted');
    const named = { ...score, perClass: [{ name: '<script>', untrained: 0.1, trained: 0.2 }] };
    expect(parse(drawScore(named)).querySelectorAll('script')).toHaveLength(0);
    expect(texts(drawScore(named))).toContain('<script>');
  });

  it('colours gains and losses apart', () => {
    const both = { ...score, perClass: [{ name: 'a', untrained: 0.5, trained: 0.1 }] };
    const svg = drawScore(both);
    expect(svg).toContain('--pixcon-good');
    expect(svg).toContain('--pixcon-bad');
    expect(drawScore({ ...score, perClass: [] })).not.toContain('--pixcon-bad');
  });
});

describe('drawConfusion', () => {
  it('normalises rows, and takes a label that never occurs', () => {
    const found = texts(
      drawConfusion(
        [
          [90, 30],
          [0, 0],
        ],
        ['road', 'sky'],
      ),
    );
    expect(found).toContain('75');
    expect(found).toContain('25');
  });

  it('refuses names that do not fit', () => {
    expect(() => drawConfusion([[1]], ['a', 'b'])).toThrow('2 rows of 2 counts');
    expect(() => drawConfusion([[1, 2], [1]], ['a', 'b'])).toThrow('2 rows of 2 counts');
  });
});

describe('what a line of metrics holds', () => {
  const line = metrics[0] as ReportMetrics;

  it('tells terms of the loss from other scalars', () => {
    expect(lossTerms(metrics)).toEqual(['image', 'dense']);
    expect(unknownScalars(metrics)).toEqual([]);
    const more = [{ ...line, entropy: 3 }];
    expect(lossTerms(more)).toEqual(['image', 'dense']);
    expect(unknownScalars(more)).toEqual(['entropy']);
    const { image: _, dense: __, ...plain } = line;
    expect(lossTerms([{ ...plain, loss: 3, region: 1, pixel: 2 }])).toEqual(['region', 'pixel']);
    const scaled = [{ ...plain, loss: 3, region: 1, pixel: 2, lossScale: 65_536, overflow: 0 }];
    expect([lossTerms(scaled), unknownScalars(scaled)]).toEqual([['region', 'pixel'], []]);
    expect(lossTerms([plain])).toEqual([]);
    expect(lossTerms([])).toEqual([]);
  });

  it('knows when the queue is full', () => {
    expect(queueFullStep(metrics, 320)).toBe(9);
    expect(queueFullStep(metrics, 321)).toBe(Number.POSITIVE_INFINITY);
    expect(queueFullStep(metrics, 0)).toBe(0);
    expect(queueFullStep([], 320)).toBe(0);
  });
});

it('formatNumber writes numbers as people do', () => {
  expect([0, 1234.5, 12.345, 0.0123, 0.00002, -0.00012].map(formatNumber)).toEqual([
    '0',
    '1,235',
    '12.3',
    '0.0123',
    '2·10⁻⁵',
    '-1.2·10⁻⁴',
  ]);
});
