import { assertNumber, assertShape, type Module } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { applyLinear, type LinearLayer, linearParameters } from './layers.ts';

export interface InstanceFusionOptions {
  /** Instances of an image. Default 4. */
  readonly count?: number;
  /** Channels of an instance, and of the result. Default 256. */
  readonly dim?: number;
}

/**
 * Makes one row of the instances of an image: their rows end to end, then an FC layer, `[images · count, dim]` →
 * `[images, dim]`. The rows of an image lie one after another, and their order matters.
 *
 * @throws PixconError `invalid-argument` for sizes that are no whole numbers above 0, `invalid-shape` for rows that
 * are no multiple of `count`
 * @see Li et al. 2022, UniVIP, arXiv:2203.06965, the scene–instance branch
 *
 * @example
 * const fusion = instanceFusion({ count: 4, dim: 256 });
 * const parameters = ParameterSet.create(fusion.parameters, new RandomStream(0));
 * fusion.apply(parameters, tf.zeros([32, 256]), { training: true }); // [8, 256]
 */
export function instanceFusion(options: InstanceFusionOptions = {}): Module<tf.Tensor2D, tf.Tensor2D> {
  const { count = 4, dim = 256 } = options;
  for (const [argument, value] of Object.entries({ count, dim })) {
    assertNumber('instanceFusion', argument, value, { minimum: 1, integer: true });
  }
  const layer: LinearLayer = { name: '0', input: count * dim, output: dim, layout: 'linear', bias: true };
  return {
    parameters: linearParameters(layer),
    apply(parameters, rows) {
      const images = Math.ceil(rows.shape[0] / count);
      assertShape('instanceFusion', 'input', rows, [images * count, dim]);
      return tf.tidy(() => applyLinear(layer, parameters, tf.reshape(rows, [images, count * dim])));
    },
  };
}
