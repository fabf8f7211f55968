import { availableParallelism } from 'node:os';
import {
  type Augmentation,
  type PhotometricParameters,
  sampleInstanceCrops,
  samplePhotometric,
  sampleTwoCrops,
} from '@pixcon/augment';
import {
  type Box,
  type DecodedImage,
  type ImageDataset,
  type InstanceRequest,
  PixconError,
  type RandomStream,
  type ViewGeometry,
} from '@pixcon/core';
import { cropAndResize, keepProposals } from '@pixcon/datasets';
import { Limiter } from './limiter.ts';
import type { UnreadableImages } from './unreadable-images.ts';

/** One view of a batch, or its instances, on the host: geometric crops done, photometric parameters drawn but not applied. */
export interface HostView {
  /** `[crops, size, size, 3]`, 0 to 255, not normalised: bytes, because batches wait in memory. */
  readonly pixels: Uint8Array;
  readonly geometry: readonly ViewGeometry[];
  readonly photometric: readonly PhotometricParameters[];
}

export interface HostBatch {
  readonly step: number;
  readonly size: number;
  readonly views: readonly [HostView, HostView];
  /** Where the method asked for them: `count` of each image, one after another. */
  readonly instances?: HostView & { readonly size: number };
  readonly names: readonly string[];
}

export interface TwoViewLoaderOptions {
  readonly batchSize: number;
  /** Side of the square views, in pixels. */
  readonly imageSize: number;
  readonly augmentation: Augmentation;
  /** Regions to cut from each image beside its views. Default none. */
  readonly instances?: InstanceRequest;
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
  const source: Source = { dataset, proposalsOf: keepProposals(), limiter: new Limiter(concurrency) };
  const orderOf = epochOrder(dataset.length, options.random);
  const pending: Promise<HostBatch>[] = [];
  let next = start;
  try {
    while (next < end || pending.length > 0) {
      while (next < end && pending.length < prefetch) {
        const batch = loadBatch(source, options, next++, orderOf);
        // A failure is reported when its turn comes; until then it must not count as unhandled.
        batch.catch(() => undefined);
        pending.push(batch);
      }
      yield await (pending.shift() as Promise<HostBatch>);
    }
  } finally {
    // A consumer that leaves early must not hear of images any more.
    source.limiter.close();
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

/** What the batches of a run share. */
interface Source {
  readonly dataset: ImageDataset;
  readonly proposalsOf: (index: number, image: DecodedImage) => readonly Box[];
  readonly limiter: Limiter;
}

async function loadBatch(
  source: Source,
  options: TwoViewLoaderOptions,
  step: number,
  orderOf: (epoch: number) => Int32Array,
): Promise<HostBatch> {
  const { batchSize, imageSize, random, instances } = options;
  const perEpoch = stepsPerEpoch(source.dataset, batchSize);
  const epoch = Math.floor(step / perEpoch);
  const order = orderOf(epoch);
  const first = (step % perEpoch) * batchSize;
  const samples = await Promise.all(
    Array.from({ length: batchSize }, (_, slot) =>
      source.limiter.run(() =>
        loadSample(
          source,
          options,
          order[first + slot] as number,
          random.fork('sample', epoch, first + slot),
        ),
      ),
    ),
  );
  const view = (side: 0 | 1): HostView => hostView(samples.map(({ views }) => views[side]));
  return {
    step,
    size: imageSize,
    views: [view(0), view(1)],
    ...(instances && {
      instances: { ...hostView(samples.flatMap((sample) => sample.instances)), size: instances.size },
    }),
    names: samples.map((sample) => sample.name),
  };
}

/** One crop of one image. */
interface Crop {
  readonly pixels: Uint8Array;
  readonly geometry: ViewGeometry;
  readonly photometric: PhotometricParameters;
}

interface Sample {
  readonly name: string;
  readonly views: readonly [Crop, Crop];
  readonly instances: readonly Crop[];
}

function hostView(crops: readonly Crop[]): HostView {
  const stride = crops[0]?.pixels.length ?? 0;
  const pixels = new Uint8Array(crops.length * stride);
  for (const [slot, crop] of crops.entries()) pixels.set(crop.pixels, slot * stride);
  return {
    pixels,
    geometry: crops.map(({ geometry }) => geometry),
    photometric: crops.map(({ photometric }) => photometric),
  };
}

/** Loads an image and cuts its views; an unreadable image is replaced by another one drawn at random. */
async function loadSample(
  source: Source,
  options: TwoViewLoaderOptions,
  index: number,
  random: RandomStream,
): Promise<Sample> {
  const { dataset } = source;
  const { unreadable } = options;
  for (let attempt = 0; ; attempt++) {
    const chosen = attempt === 0 ? index : random.fork('substitute', attempt).integer(0, dataset.length);
    const name = dataset.name(chosen);
    try {
      const image = await dataset.load(chosen);
      unreadable.remove(name);
      return { name, ...(await cutSample(image, () => source.proposalsOf(chosen, image), options, random)) };
    } catch (error) {
      if (!(PixconError.isInstance(error) && error.code === 'data')) throw error;
      unreadable.add(name, error.message);
    }
  }
}

/** The views of an image, and its instances where they are asked for: these are recoloured as the first view. */
async function cutSample(
  image: DecodedImage,
  proposals: () => readonly Box[],
  { augmentation, imageSize, instances: request }: TwoViewLoaderOptions,
  random: RandomStream,
): Promise<Omit<Sample, 'name'>> {
  const { width, height } = image;
  const { crops, views: recipes } = augmentation;
  const draws = random.fork('crops');
  const { views, instances } = request
    ? sampleInstanceCrops(width, height, proposals(), draws, { ...crops, count: request.count })
    : { views: sampleTwoCrops(width, height, draws, crops), instances: [] };
  const cut = async (geometry: ViewGeometry, size: number, photometric: PhotometricParameters) => ({
    pixels: await cropAndResize(image, geometry, size),
    geometry,
    photometric,
  });
  const view = (side: 0 | 1) =>
    cut(views[side], imageSize, samplePhotometric(random.fork('photometric', side), recipes[side]));
  const instance = (geometry: ViewGeometry, place: number) =>
    cut(geometry, request?.size ?? 0, samplePhotometric(random.fork('instance', place), recipes[0]));
  const [first, second, ...others] = await Promise.all([view(0), view(1), ...instances.map(instance)]);
  return { views: [first, second], instances: others };
}
