import {
  type KeyQueue,
  type Mode,
  type Module,
  type ParameterSpec,
  type Parameters,
  prefixSpecs,
  scoped,
} from '@pixcon/core';
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

/** What the online branch makes of a feature map, `[batch, dim]`: projected and, where there is one, predicted. */
export function imageQuery(
  branch: ImageBranch,
  online: Parameters,
  features: tf.Tensor4D,
  mode: Mode,
): tf.Tensor2D {
  const projected = branch.head.apply(scoped(online, 'globalHead'), globalAveragePool(features), mode);
  if (!branch.predictor) return projected;
  return branch.predictor.apply(scoped(online, 'globalPredictor'), projected, mode);
}

/** The image-level InfoNCE of one direction (MoCo v2 and v2+; one key per image, negatives from the queue). */
export function imageLoss(
  branch: ImageBranch,
  online: Parameters,
  features: tf.Tensor4D,
  keys: tf.Tensor2D,
  queue: KeyQueue,
  temperature: number,
  mode: Mode = { training: true },
): tf.Scalar {
  const query = imageQuery(branch, online, features, mode);
  return infoNce(query, keys, queue.keys, { temperature }) as tf.Scalar;
}

/** Head and predictor as a state names them. */
export function imageSpecs({ head, predictor }: ImageBranch): ParameterSpec[] {
  return [
    ...prefixSpecs('globalHead', head.parameters),
    ...prefixSpecs('globalPredictor', predictor?.parameters ?? []),
  ];
}
