import { assertNumber, assertShape } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

export interface TransportPlanOptions {
  /** What each row has to give, `[batch, rows]`, not negative. Default the same for all. */
  readonly rowWeight?: tf.Tensor2D;
  /** What each column takes, `[batch, columns]`, not negative. Default the same for all. */
  readonly columnWeight?: tf.Tensor2D;
  /** ε: the weight of the plan's entropy; the smaller, the sharper. Default 0.1; at least 0.03. */
  readonly epsilon?: number;
  /** Rounds of scaling. Default 50. */
  readonly iterations?: number;
}

/**
 * The cheapest way to move the weight of rows to columns, with entropy, by Sinkhorn–Knopp's iteration:
 *
 *     argmin_P ⟨P, C⟩ − ε H(P),  Σ_j P_ij = a_i,  Σ_i P_ij = b_j
 *
 * Weights are scaled to a sum of 1 an image; where all of an image's are 0, they count as equal. After the last round
 * the columns hold exactly and the rows as far as the iteration came. A constant: no gradient flows through it.
 *
 * @param cost C, `[batch, rows, columns]`; its values should span 2 at most (cosine distances do), which float32
 * bears down to the least ε
 * @returns P, `[batch, rows, columns]`, each image's adding up to 1; the caller disposes it
 * @throws PixconError `invalid-shape`; `invalid-argument` for an option out of range
 * @see Cuturi 2013, Sinkhorn Distances, arXiv:1306.0895; γ = 0.1 and 50 rounds are those of OTA (Ge et al. 2021),
 * arXiv:2103.14259, which UniVIP follows
 *
 * @example
 * transportPlan(tf.tensor3d([[[0, 2], [2, 0]]])); // => [[[0.5, 0], [0, 0.5]]]
 */
export function transportPlan(cost: tf.Tensor3D, options: TransportPlanOptions = {}): tf.Tensor3D {
  const { rowWeight, columnWeight, epsilon = 0.1, iterations = 50 } = options;
  const where = 'transportPlan';
  assertShape(where, 'cost', cost, [null, null, null]);
  const [batch, rows, columns] = cost.shape;
  if (rowWeight) assertShape(where, 'rowWeight', rowWeight, [batch, rows]);
  if (columnWeight) assertShape(where, 'columnWeight', columnWeight, [batch, columns]);
  assertNumber(where, 'epsilon', epsilon, { minimum: 0.03 });
  assertNumber(where, 'iterations', iterations, { minimum: 1, integer: true });

  // As an operation without inputs, the iteration stays off the tape.
  const solve = (): tf.Tensor3D => {
    const a = tf.reshape(shares(rowWeight ?? tf.ones([batch, rows])), [batch, rows, 1]);
    const b = tf.reshape(shares(columnWeight ?? tf.ones([batch, columns])), [batch, columns, 1]);
    const lowest = tf.min(cost, [1, 2], true);
    const kernel = tf.exp(tf.mul(tf.sub(cost, lowest), -1 / epsilon)) as tf.Tensor3D;
    let u = tf.ones([batch, rows, 1]) as tf.Tensor3D;
    let v = tf.ones([batch, columns, 1]) as tf.Tensor3D;
    for (let round = 0; round < iterations; round++) {
      [u, v] = tf.tidy(() => {
        const left = tf.div(a, tf.matMul(kernel, v)) as tf.Tensor3D;
        return [left, tf.div(b, tf.matMul(kernel, left, true)) as tf.Tensor3D];
      });
    }
    return tf.mul(tf.mul(u, kernel), tf.reshape(v, [batch, 1, columns]));
  };
  return tf.customGrad(() => ({ value: tf.tidy(solve), gradFunc: () => [] }))() as tf.Tensor3D;
}

/** w / Σw along each row, the same for all where a row is 0. */
function shares(weight: tf.Tensor2D): tf.Tensor2D {
  const total = tf.sum(weight, 1, true);
  const none = tf.cast(tf.equal(total, 0), 'float32');
  const filled = tf.add(weight, none) as tf.Tensor2D;
  return tf.div(filled, tf.sum(filled, 1, true));
}
