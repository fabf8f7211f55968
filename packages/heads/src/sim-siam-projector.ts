import { assertNumber, assertShape, type Module } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import {
  applyLinear,
  applyNormalization,
  type LinearLayer,
  linearParameters,
  type NormalizationLayer,
  normalizationParameters,
} from './layers.ts';

export interface SimSiamProjectorOptions {
  /** Channels that come in: the backbone's. */
  readonly inputChannels: number;
  /** Channels of the two hidden layers. Default 2048. */
  readonly hidden?: number;
  /** Channels that go out. Default 2048. */
  readonly output?: number;
}

/**
 * SimSiam's projector on rows: FC – BN – ReLU – FC – BN – ReLU – FC – BN, `[rows, inputChannels]` → `[rows, output]`.
 * No layer has a bias, since batch normalization takes it away again (the authors freeze theirs), and the last
 * batch normalization has neither scale nor offset. Names are those of the authors' `nn.Sequential`: `0`, `1`, `3`,
 * `4`, `6`, `7`.
 *
 * @throws PixconError `invalid-argument` for sizes that are no whole numbers above 0
 * @see Chen and He 2021, SimSiam, arXiv:2011.10566, section 3; `simsiam/builder.py`
 *
 * @example
 * const projector = simSiamProjector({ inputChannels: 512 });
 * const parameters = ParameterSet.create(projector.parameters, new RandomStream(0));
 * projector.apply(parameters, tf.zeros([8, 512]), { training: true }); // [8, 2048]
 */
export function simSiamProjector(options: SimSiamProjectorOptions): Module<tf.Tensor2D, tf.Tensor2D> {
  const { inputChannels, hidden = 2048, output = 2048 } = options;
  for (const [argument, value] of Object.entries({ inputChannels, hidden, output })) {
    assertNumber('simSiamProjector', argument, value, { minimum: 1, integer: true });
  }
  const widths = [inputChannels, hidden, hidden, output];
  const layers = [0, 1, 2].map((index): [LinearLayer, NormalizationLayer] => {
    const [input, width] = [widths[index] as number, widths[index + 1] as number];
    return [
      { name: `${3 * index}`, input, output: width, layout: 'linear', bias: false },
      { name: `${3 * index + 1}`, channels: width, affine: index < 2 },
    ];
  });
  return {
    parameters: layers.flatMap(([linear, normalization]) => [
      ...linearParameters(linear),
      ...normalizationParameters(normalization),
    ]),
    apply(parameters, rows, mode) {
      assertShape('simSiamProjector', 'input', rows, [null, inputChannels]);
      return tf.tidy(() =>
        layers.reduce((x, [linear, normalization], index) => {
          const projected = applyLinear(linear, parameters, x);
          return applyNormalization(normalization, parameters, projected, mode, { relu: index < 2 });
        }, rows),
      );
    },
  };
}
