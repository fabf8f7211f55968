import { type KeyQueue, type Mode, type Module, type Parameters, scoped } from '@pixcon/core';
import { infoNce } from '@pixcon/losses';
import { globalAveragePool, l2Normalize } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

/** The modules of the image-level branch, with the prefixes of their parameters. */
export interface ImageBranch {
  readonly head: Module<tf.Tensor2D, tf.Tensor2D>;
  readonly predictor?: Module<tf.Tensor2D, tf.Tensor2D>;
}

/** L2-normalised image keys `[batch, dim]` of the target encoder's feature map. */
export function imageKeys(
  branch: ImageBranch,
  target: Parameters,
  features: tf.Tensor4D,
  mode: Mode,
): tf.Tensor2D {
  return tf.tidy(() =>
    l2Normalize(branch.head.apply(scoped(target, 'globalHead'), globalAveragePool(features), mode)),
  );
}

/** The image-level InfoNCE of one direction (MoCo v2+; one key per image, negatives from the queue). */
export function imageLoss(
  branch: ImageBranch,
  online: Parameters,
  features: tf.Tensor4D,
  keys: tf.Tensor2D,
  queue: KeyQueue,
  temperature: number,
): tf.Scalar {
  const mode = { training: true };
  const projected = branch.head.apply(scoped(online, 'globalHead'), globalAveragePool(features), mode);
  const query = branch.predictor
    ? branch.predictor.apply(scoped(online, 'globalPredictor'), projected, mode)
    : projected;
  return infoNce(query, keys, queue.keys, { temperature }) as tf.Scalar;
}
