import { assertNumber, assertShape, type Module } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { applyGeluPerceptron, geluPerceptronParameters } from './gelu-perceptron.ts';

export interface SlotPredictorOptions {
  /** Channels in and out: the slots'. Default 256. */
  readonly dim?: number;
  /** Channels of the two hidden layers. Default 4096. */
  readonly hidden?: number;
}

/** Slots, of which only some count. */
export interface MaskedRows {
  /** `[rows, dim]`. */
  readonly rows: tf.Tensor2D;
  /** `[rows]`: 1 for rows that count, 0 for others; a constant. */
  readonly mask: tf.Tensor1D;
}

/**
 * SlotCon's predictor of slots: FC – BN – GELU – FC – BN – GELU – FC, `[rows, dim]` → `[rows, dim]`. In training, batch
 * normalization takes its statistics of the rows that count only, as if the others were not there; their results are
 * of no use. On the online branch only.
 *
 * @throws PixconError `invalid-argument` for sizes that are no whole numbers above 0
 * @see Wen et al. 2022, SlotCon, arXiv:2205.15288; the authors' `predictor_slot`
 *
 * @example
 * const predictor = slotPredictor({ dim: 256, hidden: 4096 });
 * const parameters = ParameterSet.create(predictor.parameters, new RandomStream(0));
 * const input = { rows: tf.zeros([8, 256]), mask: tf.tensor1d([1, 1, 1, 0, 1, 0, 1, 1]) };
 * predictor.apply(parameters, input, { training: true }); // [8, 256]
 */
export function slotPredictor(options: SlotPredictorOptions = {}): Module<MaskedRows, tf.Tensor2D> {
  const { dim = 256, hidden = 4096 } = options;
  for (const [argument, value] of Object.entries({ dim, hidden })) {
    assertNumber('slotPredictor', argument, value, { minimum: 1, integer: true });
  }
  const sizes = { input: dim, hidden, output: dim, layout: 'linear' } as const;
  return {
    parameters: geluPerceptronParameters(sizes),
    apply(parameters, { rows, mask }, mode) {
      assertShape('slotPredictor', 'rows', rows, [null, dim]);
      assertShape('slotPredictor', 'mask', mask, [rows.shape[0]]);
      return tf.tidy(() => applyGeluPerceptron(sizes, parameters, rows, mode, mask));
    },
  };
}
