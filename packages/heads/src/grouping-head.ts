import { assertNumber, type Module } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { applyGeluPerceptron, geluPerceptronParameters } from './gelu-perceptron.ts';
import { assertFeatures } from './global-head.ts';

export interface GroupingHeadOptions {
  /** Channels that come in: the backbone's. */
  readonly inputChannels: number;
  /** Channels of the two hidden layers. Default 4096. */
  readonly hidden?: number;
  /** Channels that go out. Default 256. */
  readonly output?: number;
}

/**
 * SlotCon's projector: FC – BN – GELU – FC – BN – GELU – FC on every cell, as 1×1 convolutions are.
 * `[batch, cells, inputChannels]` or `[batch, height, width, inputChannels]` → `[batch, cells, output]`, not
 * L2-normalised. Names are those of the authors' `nn.Sequential`: `0`, `1`, `3`, `4`, `6`.
 *
 * @throws PixconError `invalid-argument` for sizes that are no whole numbers above 0
 * @see Wen et al. 2022, SlotCon, arXiv:2205.15288; the authors' `DINOHead2d`
 *
 * @example
 * const head = groupingHead({ inputChannels: 512 });
 * const parameters = ParameterSet.create(head.parameters, new RandomStream(0));
 * head.apply(parameters, tf.zeros([8, 49, 512]), { training: true }); // [8, 49, 256]
 */
export function groupingHead(options: GroupingHeadOptions): Module<tf.Tensor4D | tf.Tensor3D, tf.Tensor3D> {
  const { inputChannels, hidden = 4096, output = 256 } = options;
  for (const [argument, value] of Object.entries({ inputChannels, hidden, output })) {
    assertNumber('groupingHead', argument, value, { minimum: 1, integer: true });
  }
  const sizes = { input: inputChannels, hidden, output, layout: 'pointwise' } as const;
  return {
    parameters: geluPerceptronParameters(sizes),
    apply(parameters, features, mode) {
      assertFeatures('groupingHead', features, inputChannels);
      const batch = features.shape[0];
      const rows = features.size / inputChannels;
      return tf.tidy(() => {
        const cells = tf.reshape<tf.Rank.R2>(features, [rows, inputChannels]);
        const projected = applyGeluPerceptron(sizes, parameters, cells, mode);
        return tf.reshape<tf.Rank.R3>(projected, [batch, rows / batch, output]);
      });
    },
  };
}
