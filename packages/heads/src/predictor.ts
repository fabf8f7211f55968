import type { Module } from '@pixcon/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { projectionHead } from './projection-head.ts';

export interface PredictorOptions {
  /** Channels in and out: the head's output. Default 128. */
  readonly dim?: number;
  /** Channels between the two layers. Default 2048. */
  readonly hidden?: number;
  /** A bias in the first layer. Default true; SimSiam's has none. */
  readonly hiddenBias?: boolean;
  /** A bias in the second layer. Default true; BYOL's has none. */
  readonly outputBias?: boolean;
}

/**
 * The predictor of the online branch: FC – BN – ReLU – FC on rows, `[rows, dim]` → `[rows, dim]`. For the dense
 * branch, rows are all cells of the batch. The target encoder has none.
 *
 * @throws PixconError `invalid-argument` for sizes that are no whole numbers above 0
 * @see Grill et al. 2020, BYOL, arXiv:2006.07733; PixCon's `predictor` and `predictor_dense`
 *
 * @example
 * const online = predictor({ dim: 128, hidden: 2048 });
 * const parameters = ParameterSet.create(online.parameters, new RandomStream(0));
 * online.apply(parameters, tf.zeros([8, 128]), { training: true }); // [8, 128]
 */
export function predictor(options: PredictorOptions = {}): Module<Tensor2D, Tensor2D> {
  const { dim = 128, hidden = 2048, ...biases } = options;
  return projectionHead({ inputChannels: dim, hidden, output: dim, ...biases });
}
