import { assertNumber, PixconError } from '@pixcon/core';
import { adaptLossScale, unscaleGradients } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

export interface LossScaleOptions {
  /** Default 65,536. */
  readonly initial?: number;
  /** The scale is multiplied by this after `growthInterval` steps without an overflow. Default 2. */
  readonly growthFactor?: number;
  /** The scale is multiplied by this after a step that overflowed. Default 0.5. */
  readonly backoffFactor?: number;
  /** Default 2000. */
  readonly growthInterval?: number;
}

/**
 * A factor of the loss that keeps small gradients above what half precision takes for 0, and is lowered when large ones
 * become infinite. All of it is on the device: no step waits for it.
 */
export interface LossScale {
  /** `[1]`, live: 1 between `unscale` and `adapt` when a gradient was not finite. For `skip` of an optimizer's update. */
  readonly overflow: tf.Tensor;
  /** The loss times the scale; the gradient is that of the product. */
  scale(loss: tf.Scalar): tf.Scalar;
  /** Gradients of a scaled loss without its scale. Takes them over. */
  unscale(gradients: ReadonlyMap<string, tf.Tensor>): Map<string, tf.Tensor>;
  /** Ends a step: lowers the scale after an overflow, raises it after many steps without. */
  adapt(): void;
  /** To log, before `adapt`: the scale of this step, and 1 where the step was skipped. The caller disposes them. */
  scalars(): { readonly lossScale: tf.Scalar; readonly overflow: tf.Scalar };
  /** The state's tensors by name (live: do not dispose). */
  state(): ReadonlyMap<string, tf.Tensor>;
  /** @throws PixconError `checkpoint` for another state */
  restore(state: ReadonlyMap<string, tf.Tensor>): void;
  dispose(): void;
}

/**
 * Dynamic loss scaling with the rule and the defaults of `torch.amp.GradScaler` (Micikevicius et al. 2018,
 * arXiv:1710.03740, section 3.2): a step whose gradients overflow moves no parameter and halves the scale; 2000 steps
 * without an overflow double it. WebGPU only.
 *
 * @throws PixconError `invalid-argument` for options outside their ranges
 *
 * @example
 * const scaling = lossScale();
 * const { gradients } = valueAndGradients(() => scaling.scale(loss()), variables);
 * const unscaled = scaling.unscale(gradients);
 * optimizer.update(parameters, unscaled, 0.05, { skip: scaling.overflow });
 * scaling.adapt();
 */
export function lossScale(options: LossScaleOptions = {}): LossScale {
  const { initial = 65_536, growthFactor = 2, backoffFactor = 0.5, growthInterval = 2000 } = options;
  const positive = { minimum: 0, exclusiveMinimum: true };
  assertNumber('lossScale', 'initial', initial, { ...positive, maximum: 1e30 });
  assertNumber('lossScale', 'growthFactor', growthFactor, { minimum: 1 });
  assertNumber('lossScale', 'backoffFactor', backoffFactor, { ...positive, maximum: 1 });
  assertNumber('lossScale', 'growthInterval', growthInterval, { minimum: 1, integer: true });
  const settings = { initial, growthFactor, backoffFactor, growthInterval };
  /** The scale, and the steps since the last overflow. */
  const state = tf.tidy(() => tf.variable(tf.tensor1d([initial, 0]), false));
  const overflow = tf.tidy(() => tf.variable(tf.tensor1d([0]), false));
  const scalar = (tensor: tf.Tensor): tf.Scalar =>
    tf.tidy(() => tf.reshape<tf.Rank.R0>(tf.slice(tensor, 0, 1), []));
  return {
    overflow,
    scale: (loss) => tf.tidy(() => tf.mul<tf.Scalar>(loss, scalar(state))),
    unscale: (gradients) => unscaleGradients(gradients, state, overflow),
    adapt: () => adaptLossScale(state, overflow, settings),
    scalars: () => ({ lossScale: scalar(state), overflow: tf.tidy(() => tf.mul(scalar(overflow), 1)) }),
    state: () => new Map([['lossScale', state]]),
    restore(tensors) {
      const stored = tensors.get('lossScale');
      if (!stored || String(stored.shape) !== '2') {
        throw new PixconError(
          'checkpoint',
          `lossScale: expected a state of two numbers, got ${stored ? `[${stored.shape.join(', ')}]` : 'none'}; resume a run that was made with mixed precision`,
        );
      }
      tf.tidy(() => state.assign(tf.mul(stored, 1)));
    },
    dispose: () => tf.dispose([state, overflow]),
  };
}
