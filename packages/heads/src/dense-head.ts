import type { Module } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertFeatures } from './global-head.ts';
import { applyPerceptron, perceptronParameters } from './perceptron.ts';
import { type HeadOptions, headSizes } from './projection-head.ts';

/**
 * The dense head: the projection head applied to every cell, as 1×1 convolutions are.
 * `[batch, cells, inputChannels]` or `[batch, height, width, inputChannels]` → `[batch, cells, output]`, not
 * L2-normalised. Batch normalization is over all cells of the batch. In files the weights are 1×1 convolutions.
 *
 * @throws PixconError `invalid-argument` for sizes that are no whole numbers above 0
 * @see Wang et al. 2021, DenseCL, arXiv:2011.09157; PixCon's `DenseCLNeck.mlp2`
 *
 * @example
 * const head = denseHead({ inputChannels: 512 });
 * const parameters = ParameterSet.create(head.parameters, new RandomStream(0));
 * head.apply(parameters, tf.zeros([8, 49, 512]), { training: true }); // [8, 49, 128]
 */
export function denseHead(options: HeadOptions): Module<tf.Tensor4D | tf.Tensor3D, tf.Tensor3D> {
  const sizes = { ...headSizes('denseHead', options), layout: 'pointwise' } as const;
  return {
    parameters: perceptronParameters(sizes),
    apply(parameters, features, mode) {
      assertFeatures('denseHead', features, sizes.input);
      const batch = features.shape[0];
      const rows = features.size / sizes.input;
      return tf.tidy(() => {
        const cells = tf.reshape<tf.Rank.R2>(features, [rows, sizes.input]);
        const projected = applyPerceptron(sizes, parameters, cells, mode);
        return tf.reshape<tf.Rank.R3>(projected, [batch, rows / batch, sizes.output]);
      });
    },
  };
}
