import { assertNumber, assertShape, type Module } from '@pixcon/core';
import { l2Normalize, softmax } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

export interface SemanticGroupingOptions {
  /** Prototypes to group by. Default 256, which is tuned for COCO; 2048 for ImageNet. */
  readonly prototypes?: number;
  /** Channels of cells, prototypes and slots. Default 256. */
  readonly dim?: number;
  /** τ of the assignment, above 0. Default 0.07. */
  readonly temperature?: number;
}

/** Cells grouped under prototypes. The caller disposes both tensors. */
export interface Grouping {
  /** Cosine of every cell with every prototype, `[batch, cells, prototypes]`. */
  readonly scores: tf.Tensor3D;
  /** The mean of an image's cells under each prototype, `[batch, prototypes, dim]`, not L2-normalised. */
  readonly slots: tf.Tensor3D;
}

/**
 * Semantic grouping: learnable prototypes share the cells of an image among them, and each makes one slot of its
 * share. With s_ip the cosine of cell i and prototype p,
 *
 *     a_ip = softmax_p(s_ip / τ) + 1e-6        slot_p = Σ_i a_ip x_i / Σ_i a_ip
 *
 * `[batch, cells, dim]` → scores and slots. Prototypes are its parameter `weight`, `[prototypes, dim]`; they start
 * normal.
 *
 * @throws PixconError `invalid-argument` for options outside their ranges
 * @see Wen et al. 2022, SlotCon, arXiv:2205.15288; the authors' `SemanticGrouping`
 *
 * @example
 * const grouping = semanticGrouping({ prototypes: 64, dim: 256 });
 * const parameters = ParameterSet.create(grouping.parameters, new RandomStream(0));
 * const { scores, slots } = grouping.apply(parameters, tf.randomNormal([8, 49, 256]), { training: true });
 * scores.shape; // => [8, 49, 64]
 * slots.shape; // => [8, 64, 256]
 */
export function semanticGrouping(options: SemanticGroupingOptions = {}): Module<tf.Tensor3D, Grouping> {
  const { prototypes = 256, dim = 256, temperature = 0.07 } = options;
  assertNumber('semanticGrouping', 'prototypes', prototypes, { minimum: 1, integer: true });
  assertNumber('semanticGrouping', 'dim', dim, { minimum: 1, integer: true });
  assertNumber('semanticGrouping', 'temperature', temperature, { minimum: 0, exclusiveMinimum: true });
  return {
    parameters: [
      {
        name: 'weight',
        shape: [prototypes, dim],
        // A table of rows, the same in files and in memory.
        layout: 'vector',
        role: 'weight',
        initialize: (random) => random.normal(),
      },
    ],
    apply(parameters, cells) {
      assertShape('semanticGrouping', 'cells', cells, [null, null, dim]);
      const [batch, count] = cells.shape;
      return tf.tidy(() => {
        const table = l2Normalize(parameters.get('weight') as unknown as tf.Tensor2D);
        const rows = tf.reshape<tf.Rank.R2>(l2Normalize(cells), [batch * count, dim]);
        const scores = tf.reshape<tf.Rank.R3>(tf.matMul(rows, table, false, true), [
          batch,
          count,
          prototypes,
        ]);
        // The summand keeps the share of a prototype that no cell is near above 0.
        const share = tf.add<tf.Tensor3D>(softmax(scores, { temperature }), 1e-6);
        // A product with ones is a sum whose gradient uploads nothing.
        const total = tf.matMul(share, tf.fill([batch, count, 1], 1), true);
        return { scores, slots: tf.div<tf.Tensor3D>(tf.matMul(share, cells, true), total) };
      });
    },
  };
}
