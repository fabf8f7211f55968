import { sampleTwoCrops } from '@pixcon/augment';
import type { ImageDataset, RandomStream, View, ViewPair } from '@pixcon/core';
import { cropAndResize } from '@pixcon/datasets';
import * as tf from '@tensorflow/tfjs-core';

/** Two crops of each of some images, `[batch, size, size, 3]` in −1 … 1, with where they were cut. */
export async function twoViews(
  dataset: ImageDataset,
  indices: readonly number[],
  size: number,
  random: RandomStream,
): Promise<ViewPair['views']> {
  const crops = await Promise.all(
    indices.map(async (index) => {
      const image = await dataset.load(index);
      const geometry = sampleTwoCrops(image.width, image.height, random.fork(index), { scale: [0.2, 1] });
      const pixels = await Promise.all(geometry.map((view) => cropAndResize(image, view, size)));
      return { geometry, pixels };
    }),
  );
  const view = (side: 0 | 1): View => ({
    images: tf.tidy(() => {
      const bytes = tf.stack(
        crops.map(({ pixels }) => tf.tensor(pixels[side] as Uint8Array, [size, size, 3], 'float32')),
      );
      return tf.sub(tf.div(bytes, 127.5), 1) as tf.Tensor4D;
    }),
    geometry: crops.map(({ geometry }) => geometry[side]),
  });
  return [view(0), view(1)];
}
