import { availableParallelism } from 'node:os';
import {
  type Augmentation,
  type PhotometricParameters,
  samplePhotometric,
  sampleTwoCrops,
} from '@pixcon/augment';
import { type ImageDataset, PixconError, type RandomStream, type ViewGeometry } from '@pixcon/core';
import { cropAndResize } from '@pixcon/datasets';
import { Limiter } from './limiter.ts';
import type { UnreadableImages } from './unreadable-images.ts';

/** One view of a batch on the host: geometric crops done, photometric parameters drawn but not applied. */
export interface HostView {
  /** `[batch, size, size, 3]`, 0 to 255, not normalised: bytes, because batches wait in memory. */
  readonly pixels: Uint8Array;
  readonly geometry: readonly ViewGeometry[];
  readonly photometric: readonly PhotometricParameters[];
}

export interface HostBatch {
  readonly step: number;
  readonly size: number;
  readonly views: readonly [HostView, HostView];
  readonly names: readonly string[];
}

export interface TwoViewLoaderOptions {
  readonly batchSize: number;
  /** Side of the square views, in pixels. */
  readonly imageSize: number;
  readonly augmentation: Augmentation;
  /** The run's stream: a batch depends on it and on its step alone. */
  readonly random: RandomStream;
  readonly unreadable: UnreadableImages;
  /** First step and the step after the last. */
  readonly start: number;
  readonly end: number;
  /** Batches prepared ahead. Default 3. */
  readonly prefetch?: number;
  /** Images decoded at a time, over all batches. Default: twice the processor's threads. */
  readonly concurrency?: number;
}

/** Whole batches in an epoch: the last, partial one is left out, because shapes stay fixed. */
export function stepsPerEpoch(dataset: ImageDataset, batchSize: number): number {
  if (dataset.length >= batchSize) return Math.floor(dataset.length / batchSize);
  throw new PixconError(
    'invalid-argument',
    `pretrain: the data set has ${dataset.length} ${dataset.length === 1 ? 'image' : 'images'}, fewer than the batch size of ${batchSize}; lower the batch size or add images`,
  );
}

/**
 * Batches of two random crops, each epoch in a new order. Decoding and cropping run off the main thread and
 * ahead of the consumer. Everything is drawn from forks named by epoch and place, so the batches from step n on
 * are the same whether or not the run was interrupted.
 */
export async function* twoViewLoader(
  dataset: ImageDataset,
  options: TwoViewLoaderOptions,
): AsyncGenerator<HostBatch, void, undefined> {
  const { start, end, prefetch = 3, concurrency = 2 * availableParallelism() } = options;
  const limiter = new Limiter(concurrency);
  const orderOf = epochOrder(dataset.length, options.random);
  const pending: Promise<HostBatch>[] = [];
  let next = start;
  try {
    while (next < end || pending.length > 0) {
      while (next < end && pending.length < prefetch) {
        const batch = loadBatch(dataset, options, next++, limiter, orderOf);
        // A failure is reported when its turn comes; until then it must not count as unhandled.
        batch.catch(() => undefined);
        pending.push(batch);
      }
      yield await (pending.shift() as Promise<HostBatch>);
    }
  } finally {
    // A consumer that leaves early must not hear of images any more.
    limiter.close();
    await Promise.allSettled(pending);
  }
}

/** The order of an epoch's images. Drawn once: for a million images it takes a third of a second. */
function epochOrder(length: number, random: RandomStream): (epoch: number) => Int32Array {
  let drawn: { readonly epoch: number; readonly order: Int32Array } | undefined;
  return (epoch) => {
    if (drawn?.epoch !== epoch) drawn = { epoch, order: random.fork('order', epoch).permutation(length) };
    return drawn.order;
  };
}

async function loadBatch(
  dataset: ImageDataset,
  options: TwoViewLoaderOptions,
  step: number,
  limiter: Limiter,
  orderOf: (epoch: number) => Int32Array,
): Promise<HostBatch> {
  const { batchSize, imageSize, random } = options;
  const perEpoch = stepsPerEpoch(dataset, batchSize);
  const epoch = Math.floor(step / perEpoch);
  const order = orderOf(epoch);
  const first = (step % perEpoch) * batchSize;
  const samples = await Promise.all(
    Array.from({ length: batchSize }, (_, slot) =>
      limiter.run(() =>
        loadSample(
          dataset,
          options,
          order[first + slot] as number,
          random.fork('sample', epoch, first + slot),
        ),
      ),
    ),
  );
  const view = (side: 0 | 1): HostView => {
    const stride = imageSize * imageSize * 3;
    const pixels = new Uint8Array(batchSize * stride);
    for (const [slot, sample] of samples.entries()) pixels.set(sample.crops[side], slot * stride);
    return {
      pixels,
      geometry: samples.map((sample) => sample.geometry[side]),
      photometric: samples.map((sample) => sample.photometric[side]),
    };
  };
  return { step, size: imageSize, views: [view(0), view(1)], names: samples.map((sample) => sample.name) };
}

interface Sample {
  readonly name: string;
  readonly crops: readonly [Uint8Array, Uint8Array];
  readonly geometry: readonly [ViewGeometry, ViewGeometry];
  readonly photometric: readonly [PhotometricParameters, PhotometricParameters];
}

/** Loads an image and cuts its views; an unreadable image is replaced by another one drawn at random. */
async function loadSample(
  dataset: ImageDataset,
  options: TwoViewLoaderOptions,
  index: number,
  random: RandomStream,
): Promise<Sample> {
  const { augmentation, imageSize, unreadable } = options;
  for (let attempt = 0; ; attempt++) {
    const chosen = attempt === 0 ? index : random.fork('substitute', attempt).integer(0, dataset.length);
    const name = dataset.name(chosen);
    try {
      const image = await dataset.load(chosen);
      unreadable.remove(name);
      const geometry = sampleTwoCrops(image.width, image.height, random.fork('crops'), augmentation.crops);
      const crops = await Promise.all(geometry.map((view) => cropAndResize(image, view, imageSize)));
      const photometric = augmentation.views.map((recipe, side) =>
        samplePhotometric(random.fork('photometric', side), recipe),
      );
      return { name, crops, geometry, photometric } as unknown as Sample;
    } catch (error) {
      if (!(PixconError.isInstance(error) && error.code === 'data')) throw error;
      unreadable.add(name, error.message);
    }
  }
}
