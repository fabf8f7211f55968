import * as tf from '@tensorflow/tfjs-core';

/**
 * The gradient of each operand of an Einstein sum: that of the result times the other operand, summed to the operand's
 * own labels.
 */
export const einsumGradient: tf.GradFunc = (dy, saved, attributes) => {
  const { equation } = attributes as unknown as { equation: string };
  const [left, result] = equation.replaceAll(' ', '').split('->') as [string, string];
  const terms = left.split(',');
  return Object.fromEntries(
    saved.map((operand, i) => [
      i,
      () => {
        const own = terms[i] as string;
        const other =
          terms.length > 1
            ? { labels: terms[1 - i] as string, values: saved[1 - i] as tf.Tensor }
            : undefined;
        // A label of this operand alone was summed: every value along it has the same gradient.
        const known = [...own].filter((label) => result.includes(label) || other?.labels.includes(label));
        const gradient = contracted(dy as tf.Tensor, result, other, known.join(''));
        const kept = operand.shape.map((size, axis) => (known.includes(own[axis] as string) ? size : 1));
        return tf.broadcastTo(tf.reshape(gradient, kept), operand.shape as tf.ShapeMap[tf.Rank]);
      },
    ]),
  );
};

function contracted(
  dy: tf.Tensor,
  labels: string,
  other: { readonly labels: string; readonly values: tf.Tensor } | undefined,
  to: string,
): tf.Tensor {
  if (!other) return labels === to ? dy : tf.einsum(`${labels}->${to}`, dy);
  if (labels === '')
    return tf.mul(dy, other.labels === to ? other.values : tf.einsum(`${other.labels}->${to}`, other.values));
  if (other.labels === '')
    return tf.mul(other.values, labels === to ? dy : tf.einsum(`${labels}->${to}`, dy));
  return tf.einsum(`${labels},${other.labels}->${to}`, dy, other.values);
}
