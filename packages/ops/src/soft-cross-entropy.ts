import { assertNumber, assertShape } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { differentiable } from './differentiable.ts';
import type { SoftmaxOptions } from './softmax.ts';

/**
 * The cross-entropy of each row against a distribution: ℓ = −Σⱼ tⱼ log softmax(logits / τ)ⱼ
 * (`torch.nn.functional.cross_entropy(logits / τ, targets, reduction='none')` with probabilities as targets).
 *
 * @param logits `[n, classes]`; gets the gradient
 * @param targets `[n, classes]`, not negative; constants
 * @returns the loss of each row, `[n]`, which the caller disposes
 * @throws PixconError `invalid-shape`, `invalid-argument`
 *
 * @example
 * softCrossEntropy(tf.zeros([1, 4]), tf.tensor2d([[0.5, 0.5, 0, 0]])); // => [ln 4]
 */
export function softCrossEntropy(
  logits: tf.Tensor2D,
  targets: tf.Tensor2D,
  options: SoftmaxOptions = {},
): tf.Tensor1D {
  const { temperature = 1 } = options;
  assertShape('softCrossEntropy', 'logits', logits, [null, null]);
  assertShape('softCrossEntropy', 'targets', targets, logits.shape);
  assertNumber('softCrossEntropy', 'temperature', temperature, { minimum: 0, exclusiveMinimum: true });
  const rows = logits.shape[0];
  return differentiable<tf.Tensor1D, 'logits'>(
    { logits },
    (save) => {
      const scaled = tf.div<tf.Tensor2D>(logits, temperature);
      const shifted = tf.sub<tf.Tensor2D>(scaled, tf.max(scaled, 1, true));
      const exponentials = tf.exp(shifted);
      const sum = tf.sum(exponentials, 1, true);
      const mass = tf.sum(targets, 1, true);
      save(tf.div(tf.sub(tf.mul(exponentials, tf.div(mass, sum)), targets), temperature));
      return tf.sum(tf.mul(targets, tf.sub(tf.log(sum), shifted)), 1) as tf.Tensor1D;
    },
    (dy, [direction]) => ({
      logits: () => tf.mul(tf.reshape(dy, [rows, 1]), direction as tf.Tensor2D),
    }),
  );
}
