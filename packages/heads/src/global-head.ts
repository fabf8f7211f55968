import { assertShape, type Module, PixconError } from '@pixcon/core';
import { globalAveragePool } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { applyPerceptron, perceptronParameters } from './perceptron.ts';
import { type HeadOptions, headSizes } from './projection-head.ts';

/**
 * The global head: the mean over all cells, then the projection head. `[batch, height, width, inputChannels]` or
 * `[batch, cells, inputChannels]` → `[batch, output]`, not L2-normalised. Its parameters are the projection head's.
 *
 * @throws PixconError `invalid-argument` for sizes that are no whole numbers above 0
 *
 * @example
 * const head = globalHead({ inputChannels: 512 });
 * const parameters = ParameterSet.create(head.parameters, new RandomStream(0));
 * head.apply(parameters, tf.zeros([8, 4, 4, 512]), { training: true }); // [8, 128]
 */
export function globalHead(options: HeadOptions): Module<tf.Tensor4D | tf.Tensor3D, tf.Tensor2D> {
  const sizes = { ...headSizes('globalHead', options), layout: 'linear' } as const;
  return {
    parameters: perceptronParameters(sizes),
    apply(parameters, features, mode) {
      assertFeatures('globalHead', features, sizes.input);
      return tf.tidy(() => applyPerceptron(sizes, parameters, globalAveragePool(features), mode));
    },
  };
}

/** @throws PixconError `invalid-shape` unless `features` is a feature map or a list of cells */
export function assertFeatures(where: string, features: tf.Tensor, channels: number): void {
  if (features.rank === 3) assertShape(where, 'features', features, [null, null, channels]);
  else if (features.rank === 4) assertShape(where, 'features', features, [null, null, null, channels]);
  else {
    throw new PixconError(
      'invalid-shape',
      `${where}: features must be [batch, height, width, ${channels}] or [batch, cells, ${channels}], got [${features.shape.join(', ')}]`,
    );
  }
}
