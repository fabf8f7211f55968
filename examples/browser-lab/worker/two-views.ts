import {
  type Augmentation,
  applyPhotometric,
  applyPhotometricToBytes,
  resizedCrop,
  samplePhotometric,
  sampleTwoCrops,
} from '@pixcon/augment';
import type { RandomStream, View, ViewPair } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Squares } from './squares.ts';

export interface TwoViewsOptions {
  readonly augmentation: Augmentation;
  /** Side of the views in pixels. */
  readonly size: number;
  readonly random: RandomStream;
}

/** Two augmented crops of every image; the caller disposes their tensors. */
export async function makeTwoViews(squares: Squares, options: TwoViewsOptions): Promise<ViewPair> {
  const { augmentation, random } = options;
  const crops = squares.sizes.map(({ width, height }, image) =>
    sampleTwoCrops(width, height, random.fork('crops', image), augmentation.crops),
  );
  const onDevice = tf.getBackend() === 'webgpu';
  const { side, pixels, names } = squares;
  // Uploaded as bytes they would become int32 first.
  const values = onDevice ? Float32Array.from(pixels, (value) => value / 255) : Float32Array.from(pixels);
  const images = tf.tensor4d(values, [names.length, side, side, 3]);
  try {
    const view = (which: 0 | 1) =>
      makeView(
        images,
        crops.map((pair) => pair[which]),
        which,
        onDevice,
        options,
      );
    return { views: [await view(0), await view(1)], names };
  } finally {
    images.dispose();
  }
}

/** On the graphics card all of it is tensor operations; elsewhere one WebAssembly kernel recolours bytes faster. */
async function makeView(
  images: tf.Tensor4D,
  geometry: View['geometry'],
  which: 0 | 1,
  onDevice: boolean,
  { augmentation, size, random }: TwoViewsOptions,
): Promise<View> {
  const { mean, standardDeviation } = augmentation;
  const parameters = geometry.map((_, image) =>
    samplePhotometric(random.fork('photometric', image, which), augmentation.views[which]),
  );
  const cut = resizedCrop(images, geometry, { height: size, width: size });
  try {
    if (onDevice) return { geometry, images: applyPhotometric(cut, parameters, { mean, standardDeviation }) };
    // A clamped array rounds as it stores.
    const bytes = new Uint8Array(Uint8ClampedArray.from(await cut.data()).buffer);
    const options = { height: size, width: size, mean, standardDeviation };
    return { geometry, images: applyPhotometricToBytes(bytes, parameters, options) };
  } finally {
    cut.dispose();
  }
}

export function disposeViews({ views }: ViewPair): void {
  for (const { images } of views) images.dispose();
}
