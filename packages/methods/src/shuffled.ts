import { type InitializeOptions, PixconError, type RandomStream } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * What `encode` makes of the images in a random order, in their own order again. With batch statistics of runs of
 * images, an image's key is then normalized in the company of other images than its query, and the statistics
 * cannot tell which key belongs to which query (ShuffleBN, He et al. 2020, MoCo, section 3.3). With one split there
 * is nothing to hide: the images keep their order.
 *
 * @param encode gives tensors whose first axis counts images
 */
export function encodeShuffled<Keys extends object>(
  images: tf.Tensor4D,
  { splits, random }: { readonly splits: number; readonly random: RandomStream },
  encode: (images: tf.Tensor4D) => Keys,
): Keys {
  if (splits === 1) return encode(images);
  const order = random.permutation(images.shape[0]);
  const back = new Int32Array(order.length);
  order.forEach((from, to) => {
    back[from] = to;
  });
  const keys = encode(tf.gather(images, tf.tensor1d(order, 'int32')));
  const restored = Object.entries<tf.Tensor>(keys as Record<string, tf.Tensor>).map(([name, tensor]) => [
    name,
    tf.gather(tensor, tf.tensor1d(back, 'int32')),
  ]);
  return Object.fromEntries(restored) as Keys;
}

/** @throws PixconError `invalid-argument` unless the splits divide the batch */
export function assertSplits(
  where: string,
  splits: number,
  { batchSize }: Pick<InitializeOptions, 'batchSize'>,
): void {
  if (batchSize % splits === 0) return;
  throw new PixconError(
    'invalid-argument',
    `${where}: splits must divide the batch of ${batchSize} images, got ${splits}; use another batch size, or splits: 1 for statistics of the whole batch`,
  );
}
