import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { resnet } from '@pixcon/backbones';
import {
  type DecodedImage,
  type ImageDataset,
  type Method,
  PixconError,
  type Precision,
  RandomStream,
} from '@pixcon/core';
// biome-ignore lint/style/noRestrictedImports: the package knows methods by their interface; its tests train real ones
import { mocoV2Plus, pixcon, slotcon } from '@pixcon/methods';
import type { PretrainOptions } from '../src/index.ts';

/** Noise on a gradient of an image's own, so that images differ; `unreadable` are the indices that cannot be read. */
export function tinyImages(count: number, unreadable: readonly number[] = []): ImageDataset {
  const name = (index: number) => `image-${String(index).padStart(2, '0')}.png`;
  return {
    length: count,
    name,
    load: (index) => {
      if (!unreadable.includes(index)) return Promise.resolve(picture(index));
      return Promise.reject(
        new PixconError('data', `tinyImages: cannot read folder/${name(index)}: cut off`),
      );
    },
  };
}

function picture(index: number): DecodedImage {
  const random = new RandomStream(index);
  const [width, height] = [40, 36];
  const slope = [random.uniform(1, 5), random.uniform(1, 5), random.uniform(1, 5)];
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, channel] = [Math.floor(i / 3) % width, i % 3];
    return (x * (slope[channel] as number) + random.uniform(0, 60)) % 256;
  });
  return { data, width, height };
}

const backbone = (precision: Precision = 'full') =>
  resnet({
    precision,
    block: 'basic',
    layers: [1, 1],
    planes: [4, 8],
    stemChannels: 4,
    stem: 'small',
    outputStride: 16,
  });

/** A PixCon-SR of a few thousand parameters. */
export function tinyPixCon(): Method {
  return pixcon({ backbone: backbone(), queueLength: 12, hidden: 8, dim: 8 });
}

/** The same in mixed precision. */
export function tinyMixed(): Method {
  return pixcon({ backbone: backbone('mixed'), queueLength: 12, hidden: 8, dim: 8 });
}

export function tinyMoCo(precision?: Precision): Method {
  return mocoV2Plus({ backbone: backbone(precision), queueLength: 12, hidden: 8, dim: 8 });
}

export const tinyMoCoMixed = () => tinyMoCo('mixed');

/** A SlotCon with a queue beside its centre. */
export function tinySlotCon(precision?: Precision): Method {
  const sizes = { hidden: 8, dim: 8, contrastHidden: 8, contrastDim: 8 };
  return slotcon({
    backbone: backbone(precision),
    prototypes: 6,
    queueLength: 12,
    imageWeight: 0.5,
    ...sizes,
  });
}

export const tinySlotConMixed = () => tinySlotCon('mixed');

/** 4 steps an epoch on 16 images, 12 steps. */
export const tinyOptions = {
  epochs: 3,
  batchSize: 4,
  imageSize: 16,
  seed: 5,
  learningRate: 0.05,
  logEverySteps: 3,
  checkpointEverySteps: 2,
  // They take longer than such a run; tests of them turn them on.
  report: false,
  tensorboard: false,
} as const satisfies PretrainOptions;

export type MetricsLine = Readonly<Record<string, number>>;

/** The lines of a run, without what the clock and the system decide. */
export async function readMetrics(folder: string): Promise<MetricsLine[]> {
  const text = await readFile(join(folder, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { imagesPerSecond, residentMiB, tensorMiB, ...rest } = JSON.parse(line) as Record<string, number>;
      for (const [name, value] of Object.entries({ imagesPerSecond, residentMiB, tensorMiB })) {
        if (!((value as number) > 0)) throw new Error(`${name} is ${value} in ${line}`);
      }
      return rest;
    });
}
