import type * as tf from '@tensorflow/tfjs-core';
import type { InfoNceResult, InfoNceSettings } from '../types.ts';
import { sumOverLanes } from './row-layout.ts';
import { runWebgpuProgram } from './run-program.ts';

/** A running softmax over a slice of the negatives, `[slices, n]` and `[slices, n, dim]`. */
export interface Slices {
  /** Largest logit. */
  readonly maxima: tf.Tensor;
  /** Σⱼ exp(logitⱼ − maximum). */
  readonly sums: tf.Tensor;
  /** Σⱼ exp(logitⱼ − maximum) Nⱼ. */
  readonly weighted: tf.Tensor | undefined;
}

/** Invocations on a query. */
const lanes = 64;
const workgroupSize = 256;

/**
 * Losses and their gradients from the slices of a running softmax. With the margin m, how far the log-sum-exp of the
 * negatives lies above the positive's logit: ℓ = log(1 + exp(m)), ∂ℓ/∂q = σ(m) (mean of negatives − p) / τ.
 */
export function mergeSlices(
  query: tf.Tensor2D,
  positive: tf.Tensor2D,
  { maxima, sums, weighted }: Slices,
  { temperature }: InfoNceSettings,
): InfoNceResult {
  const [count, dim] = query.shape;
  const sum = sumOverLanes(lanes);
  const withGradients = weighted !== undefined;
  const gradient = { shape: [count, dim] };
  const outputs = runWebgpuProgram<'loss' | 'queryGradient' | 'positiveGradient'>({
    name: 'info nce loss',
    variant: `${withGradients}`,
    inputs: { query, positive, maxima, sums, ...(weighted && { weighted }) },
    outputs: {
      loss: { shape: [count] },
      ...((withGradients ? { queryGradient: gradient, positiveGradient: gradient } : {}) as {
        queryGradient: typeof gradient;
        positiveGradient: typeof gradient;
      }),
    },
    integers: { queries: count, dim, slices: maxima.shape[0] as number },
    floats: { temperature },
    workgroupSize,
    subgroups: sum.subgroups,
    workgroups: Math.ceil((count * lanes) / workgroupSize),
    shader: () => ({
      declarations: `${sum.declarations}
        // 2 artanh(x / (2 + x)): the logarithm of 1 + x loses the digits of a small x. For x in 0 … 1.
        fn logOnePlus(x : f32) -> f32 {
          let s = x / (2.0 + x);
          let t = s * s;
          return 2.0 * s * (1.0 + t * (1.0 / 3.0 + t * (0.2 + t * (1.0 / 7.0 + t * (1.0 / 9.0
            + t * (1.0 / 11.0 + t / 13.0))))));
        }`,
      body: `
        let row = index / ${lanes};
        let rowLane = lane % ${lanes};
        let present = row < uniforms.queries;
        var value = 0.0;
        if (present) {
          for (var column = rowLane; column < uniforms.dim; column += ${lanes}) {
            let at = row * uniforms.dim + column;
            value += query[at] / uniforms.temperature * positive[at];
          }
        }
        ${sum.reduce}
        if (present) {
          var maximum = maxima[row];
          for (var slice = 1; slice < uniforms.slices; slice++) {
            maximum = max(maximum, maxima[slice * uniforms.queries + row]);
          }
          var all = 0.0;
          for (var slice = 0; slice < uniforms.slices; slice++) {
            let at = slice * uniforms.queries + row;
            all += sums[at] * exp(maxima[at] - maximum);
          }
          let margin = maximum + log(all) - total;
          let small = exp(-abs(margin));
          if (rowLane == 0) { loss[row] = max(margin, 0.0) + logOnePlus(small); }
          ${withGradients ? gradients : ''}
        }`,
    }),
  });
  return {
    loss: outputs.loss as tf.Tensor1D,
    queryGradient: outputs.queryGradient as tf.Tensor2D | undefined,
    positiveGradient: outputs.positiveGradient as tf.Tensor2D | undefined,
  };
}

const gradients = `
  let pull = select(small, 1.0, margin >= 0.0) / (1.0 + small) / uniforms.temperature;
  for (var column = rowLane; column < uniforms.dim; column += ${lanes}) {
    var mean = 0.0;
    for (var slice = 0; slice < uniforms.slices; slice++) {
      let at = slice * uniforms.queries + row;
      mean += weighted[at * uniforms.dim + column] * exp(maxima[at] - maximum);
    }
    let at = row * uniforms.dim + column;
    queryGradient[at] = pull * (mean / all - positive[at]);
    positiveGradient[at] = -pull * query[at];
  }`;
