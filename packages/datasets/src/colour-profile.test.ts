import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RandomStream } from '@pixcon/core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isTaggedSrgb } from './colour-profile.ts';
import { decodeFile } from './decode-file.ts';

const side = 32;
const random = new RandomStream(1);
const pixels = Uint8Array.from({ length: side * side * 3 }, () => random.integer(0, 256));
const picture = () => sharp(pixels, { raw: { width: side, height: side, channels: 3 } });

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'profiles-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function decode(bytes: Uint8Array): Promise<Uint8Array> {
  const path = join(folder, `${random.integer(0, 2 ** 30)}`);
  await writeFile(path, bytes);
  return (await decodeFile(path)).data;
}

/** What sharp makes of a file by itself, its profile applied. */
async function converted(bytes: Uint8Array): Promise<Uint8Array> {
  return await sharp(bytes).toColourspace('srgb').raw().toBuffer();
}

function farthest(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((worst, value, at) => Math.max(worst, Math.abs(value - (b[at] as number))), 0);
}

/** `bytes` of a JPEG file with `profile` in parts of at most `size`. */
function withProfile(bytes: Uint8Array, profile: Uint8Array, size = 65_000): Uint8Array {
  const count = Math.ceil(profile.length / size);
  const parts = Array.from({ length: count }, (_, index) => {
    const part = profile.subarray(index * size, (index + 1) * size);
    const length = part.length + 16;
    const head = [0xff, 0xe2, length >> 8, length & 255];
    return Buffer.concat([
      Uint8Array.from(head),
      Buffer.from('ICC_PROFILE\0'),
      Uint8Array.of(index + 1, count),
      part,
    ]);
  });
  return Buffer.concat([bytes.subarray(0, 2), ...parts, bytes.subarray(2)]);
}

/** A profile of sRGB's primaries with one curve for all channels. */
function makeProfile(curve: readonly number[], changes: Readonly<Record<string, number>> = {}): Uint8Array {
  const values = {
    rXYZ: [0.43607, 0.22249, 0.01392],
    gXYZ: [0.38515, 0.71687, 0.09708],
    bXYZ: [0.14307, 0.06061, 0.7141],
    wtpt: [0.9642, 1, 0.8249],
  };
  const tables = ['rTRC', 'gTRC', 'bTRC'];
  const names = [...Object.keys(values), ...tables];
  const start = 132 + 12 * names.length;
  const end = start + 20 * 4 + 12 + 2 * curve.length;
  const profile = Buffer.alloc(end + (end % 2) + 2);
  profile.writeUInt32BE(profile.length, 0);
  profile.writeUInt32BE(0x0210_0000, 8);
  profile.write('mntrRGB XYZ ', 12);
  profile.write('acsp', 36);
  for (const [axis, value] of [0.9642, 1, 0.8249].entries()) {
    profile.writeInt32BE(Math.round(value * 65_536), 68 + 4 * axis);
  }
  profile.writeUInt32BE(names.length, 128);
  for (const [tag, name] of names.entries()) {
    const isCurve = tables.includes(name);
    const at = start + 20 * Math.min(tag, 4);
    profile.write(name, 132 + 12 * tag);
    profile.writeUInt32BE(at, 136 + 12 * tag);
    profile.writeUInt32BE(isCurve ? 12 + 2 * curve.length : 20, 140 + 12 * tag);
    profile.write(isCurve ? 'curv' : 'XYZ ', at);
    if (isCurve) {
      profile.writeUInt32BE(curve.length, at + 8);
      for (const [index, value] of curve.entries()) profile.writeUInt16BE(value, at + 12 + 2 * index);
      continue;
    }
    for (const [axis, value] of values[name as keyof typeof values].entries()) {
      const changed = value + (changes[`${name}${axis}`] ?? 0);
      profile.writeInt32BE(Math.round(changed * 65_536), at + 8 + 4 * axis);
    }
  }
  return profile;
}

const table = (light: (x: number) => number) =>
  Array.from({ length: 1024 }, (_, index) => Math.round(65_535 * light(index / 1023)));
const srgb = table((x) => (x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4));

describe('a JPEG file tagged sRGB', () => {
  it('is recognised, and decodes to what conversion gives', async () => {
    const plain = await picture().jpeg({ quality: 95 }).toBuffer();
    const known = await picture().withIccProfile('srgb').jpeg({ quality: 95 }).toBuffer();
    for (const file of [known, withProfile(plain, makeProfile(srgb))]) {
      expect((await sharp(file).metadata()).hasProfile).toBe(true);
      expect(isTaggedSrgb(file)).toBe(true);
      expect(farthest(await decode(file), await converted(file))).toBeLessThanOrEqual(1);
    }
  });

  it('keeps its orientation', async () => {
    const turned = await picture().withMetadata({ orientation: 6 }).withIccProfile('srgb').jpeg().toBuffer();
    const expected = await sharp(turned, { ignoreIcc: true }).autoOrient().raw().toBuffer();
    expect(isTaggedSrgb(turned)).toBe(true);
    expect(farthest(await decode(turned), expected)).toBe(0);
  });
});

describe('any other file', () => {
  it('is converted', async () => {
    const wide = await picture().withIccProfile('p3').jpeg({ quality: 95 }).toBuffer();
    expect(isTaggedSrgb(wide)).toBe(false);
    const data = await decode(wide);
    expect(farthest(data, await converted(wide))).toBe(0);
    expect(farthest(data, await sharp(wide, { ignoreIcc: true }).raw().toBuffer())).toBeGreaterThan(5);
  });

  it('may have almost the primaries or the curve of sRGB', async () => {
    const plain = await picture().jpeg().toBuffer();
    const others = [
      makeProfile(srgb, { rXYZ0: 0.0005 }),
      makeProfile(srgb, { bXYZ2: -0.0005 }),
      makeProfile(table((x) => x ** 2.2)),
      makeProfile(table((x) => x)),
      makeProfile([512]),
      makeProfile([]),
    ];
    for (const profile of others) expect(isTaggedSrgb(withProfile(plain, profile))).toBe(false);
  });

  it('may have a profile in parts, a damaged one or none', async () => {
    const plain = await picture().jpeg().toBuffer();
    const profile = makeProfile(srgb);
    expect(isTaggedSrgb(withProfile(plain, profile))).toBe(true);
    expect(isTaggedSrgb(withProfile(plain, profile, 1000))).toBe(false);
    expect(isTaggedSrgb(plain)).toBe(false);
    expect(isTaggedSrgb(await picture().withIccProfile('srgb').png().toBuffer())).toBe(false);
    expect(isTaggedSrgb(new Uint8Array(0))).toBe(false);
    const file = withProfile(plain, profile);
    for (let length = 0; length < 2200; length += 7) {
      isTaggedSrgb(file.subarray(0, length));
      isTaggedSrgb(withProfile(plain, profile.subarray(0, length)));
    }
    for (let at = 2; at < 400; at++) {
      const damaged = Uint8Array.from(file);
      damaged[at] = 0xff;
      expect(typeof isTaggedSrgb(damaged)).toBe('boolean');
    }
  });
});
