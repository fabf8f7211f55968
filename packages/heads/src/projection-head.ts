import { assertNumber, assertShape, type Module } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { applyPerceptron, perceptronParameters } from './perceptron.ts';

export interface HeadOptions {
  /** Channels that come in: the backbone's. */
  readonly inputChannels: number;
  /** Channels between the two layers. Default 2048. */
  readonly hidden?: number;
  /** Channels that go out. Default 128. */
  readonly output?: number;
  /** Batch normalization between the layers. Default true; MoCo v2 and DenseCL have none. */
  readonly normalization?: boolean;
  /** A bias in the first layer. Default true; SimSiam's predictor has none. */
  readonly hiddenBias?: boolean;
  /** A bias in the second layer. Default true; BYOL's have none. */
  readonly outputBias?: boolean;
}

/**
 * The projection head on rows: FC – BN – ReLU – FC, `[rows, inputChannels]` → `[rows, output]`. The result is not
 * L2-normalised. Parameters are named as in PyTorch's `nn.Sequential(Linear, BatchNorm1d, ReLU, Linear)`.
 *
 * @throws PixconError `invalid-argument` for sizes that are no whole numbers above 0
 * @see Chen et al. 2020, MoCo v2, arXiv:2003.04297; PixCon's `DenseCLNeck.mlp`
 *
 * @example
 * const head = projectionHead({ inputChannels: 512 });
 * const parameters = ParameterSet.create(head.parameters, new RandomStream(0));
 * head.apply(parameters, tf.zeros([8, 512]), { training: true }); // [8, 128]
 */
export function projectionHead(options: HeadOptions): Module<tf.Tensor2D, tf.Tensor2D> {
  const sizes = { ...headSizes('projectionHead', options), layout: 'linear' } as const;
  return {
    parameters: perceptronParameters(sizes),
    apply(parameters, rows, mode) {
      assertShape('projectionHead', 'input', rows, [null, sizes.input]);
      return tf.tidy(() => applyPerceptron(sizes, parameters, rows, mode));
    },
  };
}

/** The options with defaults, checked. */
export function headSizes(where: string, options: HeadOptions) {
  const { inputChannels, hidden = 2048, output = 128, normalization = true } = options;
  const { hiddenBias = true, outputBias = true } = options;
  for (const [argument, value] of Object.entries({ inputChannels, hidden, output })) {
    assertNumber(where, argument, value, { minimum: 1, integer: true });
  }
  return { input: inputChannels, hidden, output, normalization, hiddenBias, outputBias };
}
