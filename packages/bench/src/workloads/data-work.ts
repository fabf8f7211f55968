import {
  applyPhotometricToBytes,
  byolAugmentation,
  samplePhotometric,
  sampleTwoCrops,
} from '@pixcon/augment';
import { type ImageDataset, PixconError, RandomStream } from '@pixcon/core';
import { cropAndResize, imageFolder } from '@pixcon/datasets';
import * as tf from '@tensorflow/tfjs-core';
import type { Recorder } from '../profile/recorder.ts';
import type { Work } from './work.ts';
import type { DataSizes } from './workload.ts';

/**
 * The loader's path for a batch of image files: decode, draw and cut two crops, upload, photometric augmentation.
 * The folders take turns, each in order of its paths.
 */
export function dataWork(sizes: DataSizes, folders: readonly string[], recorder?: Recorder): Work {
  if (folders.length === 0) {
    throw new PixconError(
      'invalid-argument',
      'the workload data needs a folder of images; give it with --data',
    );
  }
  const { imageSize, batchSize } = sizes;
  const datasets = folders.map((folder) => imageFolder(folder));
  const random = new RandomStream(0);
  const augmentation = byolAugmentation();
  let taken = 0;

  const loadCrops = async (place: number) => {
    const dataset = datasets[place % datasets.length] as ImageDataset;
    const image = await dataset.load(Math.floor(place / datasets.length) % dataset.length);
    const views = sampleTwoCrops(image.width, image.height, random.fork('crops', place), augmentation.crops);
    return await Promise.all(views.map((view) => cropAndResize(image, view, imageSize)));
  };

  return {
    async step() {
      const first = taken;
      taken += batchSize;
      recorder?.phase('decode and crop');
      const crops = await Promise.all(
        Array.from({ length: batchSize }, (_, slot) => loadCrops(first + slot)),
      );
      recorder?.phase('augmentation');
      const stride = imageSize * imageSize * 3;
      for (const [side, recipe] of augmentation.views.entries()) {
        const pixels = new Uint8Array(batchSize * stride);
        for (const [slot, pair] of crops.entries()) pixels.set(pair[side] as Uint8Array, slot * stride);
        const parameters = crops.map((_, slot) =>
          samplePhotometric(random.fork('photometric', first + slot, side), recipe),
        );
        const size = { height: imageSize, width: imageSize };
        const images = applyPhotometricToBytes(pixels, parameters, { ...size, ...augmentation });
        const corner = tf.tidy(() => tf.slice(images, [0, 0, 0, 0], [1, 1, 1, 1]));
        await corner.data();
        tf.dispose([images, corner]);
      }
      recorder?.phase(undefined);
    },
    dispose() {
      // The data sets hold no resources.
    },
  };
}
