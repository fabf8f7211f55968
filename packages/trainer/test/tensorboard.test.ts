import { execFile, execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { crc32c, maskedCrc32c } from '../src/tensorboard/crc32c.ts';
import { EventFile } from '../src/tensorboard/event-file.ts';
import { taggedScalars } from '../src/tensorboard/scalar-tags.ts';
import { readEvents, slowCrc32c } from './read-events.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-events-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('crc32c', () => {
  it.each([
    ['nothing', [], 0],
    ['the check value of the catalogue', [...new TextEncoder().encode('123456789')], 0xe3069283],
    // RFC 3720, appendix B.4.
    ['32 zeros', new Array<number>(32).fill(0), 0x8a9136aa],
    ['32 ones', new Array<number>(32).fill(0xff), 0x62a8ab43],
    ['0 to 31', Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ['31 to 0', Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ] as const)('is that of %s', (_, bytes, expected) => {
    expect(crc32c(Uint8Array.from(bytes))).toBe(expected);
    expect(slowCrc32c(Uint8Array.from(bytes))).toBe(expected);
  });

  it('is masked as TFRecord asks', () => {
    // ((crc >> 15) | (crc << 17)) + 0xa282ead8, worked out by hand for crc = 0xe3069283.
    expect(maskedCrc32c(new TextEncoder().encode('123456789'))).toBe(0xc78ab0e5);
  });
});

/** One white pixel. */
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII=',
  'base64',
);

/** A run of ten steps that was killed within a record, and went on from step 6. */
async function writeTwoSessions(): Promise<void> {
  const steps = (from: number, to: number, offset: number) =>
    Array.from({ length: to - from }, (_, i) => ({
      step: from + i,
      values: { 'loss/total': offset + from + i, 'speed/images_per_second': 2.5 },
    }));
  const first = await EventFile.create(folder, 0);
  await first.text(0, 'config', '| a | b |\n|---|---|\n| ü | 1 |');
  await first.scalars(steps(0, 10, 100));
  await first.images(3, [{ tag: 'matches/photo', width: 1, height: 1, png }]);
  await first.close();
  await appendFile(first.path, Uint8Array.of(9, 0, 0, 0, 0, 0, 0, 0, 1, 2));
  const second = await EventFile.create(folder, 6);
  await second.scalars(steps(6, 12, 200));
  await second.close();
}

describe('event files', () => {
  it('hold what was written, read by the formats’ definitions', async () => {
    await writeTwoSessions();
    const names = (await readdir(folder)).sort();
    expect(names).toHaveLength(2);
    for (const name of names) expect(name).toMatch(/^events\.out\.tfevents\.\d{10}\.[\w-]+\.\d+\.[01]$/);
    const [first, second] = await Promise.all(
      names.map(async (name) => readEvents(await readFile(join(folder, name)))),
    );
    expect(first?.map(({ step }) => step)).toEqual([0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 3]);
    expect(first?.[0]?.fileVersion).toBe('brain.Event:2');
    expect(first?.[0]?.wallTime).toBeGreaterThan(1.6e9);
    expect(first?.[1]?.sessionStart).toBe(true);
    expect(first?.[2]?.texts).toEqual({ config: '| a | b |\n|---|---|\n| ü | 1 |' });
    expect(first?.[5]?.scalars).toEqual({ 'loss/total': 102, 'speed/images_per_second': 2.5 });
    const image = first?.[13]?.images['matches/photo'];
    expect([image?.width, image?.height]).toEqual([1, 1]);
    expect(Buffer.from(image?.png ?? []).equals(png)).toBe(true);
    expect(second?.map(({ step }) => step)).toEqual([0, 6, 6, 7, 8, 9, 10, 11]);
    expect(second?.[1]?.sessionStart).toBe(true);
  });

  it('take their order from their names, even within a second', async () => {
    const files: string[] = [];
    for (let session = 0; session < 12; session++) {
      const file = await EventFile.create(folder, session);
      await file.close();
      files.push(file.path);
    }
    expect([...files].sort()).toEqual(files);
  });

  it('encode steps above 2³¹ and long names', async () => {
    const file = await EventFile.create(folder, 2 ** 40);
    await file.scalars([{ step: 2 ** 40 + 5, values: { [`a/${'b'.repeat(300)}`]: -0.5 } }]);
    await file.close();
    const events = readEvents(await readFile(file.path));
    expect(events[1]?.step).toBe(2 ** 40);
    expect(events[2]).toMatchObject({ step: 2 ** 40 + 5, scalars: { [`a/${'b'.repeat(300)}`]: -0.5 } });
  });
});

it('groups the scalars of a record', () => {
  const record = {
    step: 4,
    epoch: 1,
    loss: 3,
    chance: 4,
    image: 2,
    imageChance: 3,
    dense: 1,
    byChance: 6,
    featureDeviation: 0.9,
    learningRate: 0.1,
    targetMomentum: 0.99,
    queueFilled: 7,
    imagesPerSecond: 11,
    ofMyOwn: 5,
  };
  expect(taggedScalars(record)).toEqual({
    step: 4,
    values: {
      'schedule/epoch': 1,
      'loss/total': 3,
      'loss/chance': 4,
      'loss/image': 2,
      'loss/image_chance': 3,
      'loss/dense': 1,
      'method/by_chance': 6,
      'features/deviation': 0.9,
      'schedule/learning_rate': 0.1,
      'schedule/target_momentum': 0.99,
      'queue/filled': 7,
      'speed/images_per_second': 11,
      'method/of_my_own': 5,
    },
  });
});

const readWithTensorBoard = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0, 'images': 0, 'tensors': 0})
events.Reload()
tags = events.Tags()
print(json.dumps({
  'scalars': {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags['scalars']},
  'images': {tag: [[e.step, e.width, e.height] for e in events.Images(tag)] for tag in tags['images']},
  'texts': {tag: [e.tensor_proto.string_val[0].decode() for e in events.Tensors(tag)] for tag in tags['tensors']},
}))
`;

function hasTensorBoard(): boolean {
  try {
    execFileSync('python3', ['-c', 'import tensorboard'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const installed = hasTensorBoard();
// biome-ignore lint/suspicious/noConsole: what is skipped is skipped aloud
if (!installed) console.warn('event files: not read with TensorBoard, because python3 here has none');

describe.runIf(installed)('TensorBoard itself', () => {
  it('reads them, and shows steps that were done again once', async () => {
    await writeTwoSessions();
    const { stdout } = await promisify(execFile)('python3', ['-c', readWithTensorBoard, folder]);
    const read = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
      scalars: Record<string, [number, number][]>;
      images: Record<string, number[][]>;
      texts: Record<string, string[]>;
    };
    const losses = Array.from({ length: 12 }, (_, step) => [step, step < 6 ? 100 + step : 200 + step]);
    expect(read.scalars['loss/total']).toEqual(losses);
    expect(Object.keys(read.scalars)).toEqual(['loss/total', 'speed/images_per_second']);
    expect(read.images).toEqual({ 'matches/photo': [[3, 1, 1]] });
    expect(read.texts).toEqual({ config: ['| a | b |\n|---|---|\n| ü | 1 |'] });
  });
});
