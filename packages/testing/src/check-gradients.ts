import * as tf from '@tensorflow/tfjs-core';
import { allCloseNow } from './all-close.ts';
import { mustBeAwaited } from './must-be-awaited.ts';

export interface CheckGradientsOptions {
  /** Step of the central difference; 1e-2 by default, which suits float32. */
  readonly epsilon?: number;
  /** Allowed difference as a share of the numeric derivative; 1e-2 by default. */
  readonly relative?: number;
  /** Allowed difference whatever the size of the derivative; 1e-3 by default. */
  readonly absolute?: number;
}

/**
 * Holds the gradients that the tape gives for `f` against central differences, input by input, element by element.
 *
 * A result that is not a scalar is reduced by a fixed random-looking weighting, so that errors which cancel in a
 * sum are still seen. The sum is taken in double precision on the host. Inputs stay the caller's. To be awaited:
 * tensors are read asynchronously, as every backend can.
 *
 * @param f a smooth function of the inputs near the given values; it must leak nothing itself
 * @throws Error that names the input and the worst element
 *
 * @example
 * registerGradients(); // of @pixcon/ops; tfjs-core alone has none
 * const x = tf.tensor1d([1, 2, 3]);
 * await checkGradients((x) => tf.square(x), [x]);
 */
export function checkGradients<Inputs extends readonly tf.Tensor[]>(
  f: (...inputs: Inputs) => tf.Tensor,
  inputs: Inputs,
  options: CheckGradientsOptions = {},
): Promise<void> {
  return mustBeAwaited(check(f, inputs, options), 'checkGradients');
}

async function check<Inputs extends readonly tf.Tensor[]>(
  f: (...inputs: Inputs) => tf.Tensor,
  inputs: Inputs,
  options: CheckGradientsOptions,
): Promise<void> {
  const { epsilon = 1e-2, relative = 1e-2, absolute = 1e-3 } = options;
  const analytic = await tapeGradients(f, inputs);
  for (const [position, input] of inputs.entries()) {
    const values = (await input.data<'float32'>()).slice();
    const evaluate = (at: number, value: number): tf.Tensor => {
      const moved = values.slice();
      moved[at] = value;
      return tf.tidy(() => {
        const replaced = inputs.map((other, i) => (i === position ? tf.tensor(moved, input.shape) : other));
        // A clone, because `f` may return an input.
        return tf.clone(f(...(replaced as unknown as Inputs)));
      });
    };
    const numeric = new Float64Array(values.length);
    // Several at a time, because a graphics card answers late.
    for (let start = 0; start < values.length; start += 32) {
      const chunk = values.subarray(start, start + 32);
      const derivatives = await Promise.all(
        Array.from(chunk, async (value, i) => {
          // The step that float32 can hold differs a little from epsilon.
          const above = Math.fround(value + epsilon);
          const below = Math.fround(value - epsilon);
          const sums = [evaluate(start + i, above), evaluate(start + i, below)].map(weightedSum);
          const [upper, lower] = (await Promise.all(sums)) as [number, number];
          return (upper - lower) / (above - below);
        }),
      );
      numeric.set(derivatives, start);
    }
    const { pass, message } = allCloseNow(analytic[position] as Float32Array, numeric, {
      relative,
      absolute,
    });
    if (!pass) throw new Error(`checkGradients: input ${position} [${input.shape.join(', ')}]: ${message}`);
  }
}

async function tapeGradients<Inputs extends readonly tf.Tensor[]>(
  f: (...inputs: Inputs) => tf.Tensor,
  inputs: Inputs,
): Promise<Float32Array[]> {
  const gradients = tf.tidy(() => {
    const { size, shape } = tf.tidy(() => f(...inputs));
    const weights = tf.tensor(
      Float32Array.from({ length: size }, (_, i) => weightAt(i)),
      shape,
    );
    const { grads } = tf
      .engine()
      .gradients(() => f(...inputs), inputs as unknown as tf.Tensor[], weights, true);
    return grads;
  });
  try {
    return await Promise.all(
      inputs.map(async (input, i) => {
        const gradient = gradients[i];
        if (!gradient) return new Float32Array(input.size);
        if (String(gradient.shape) !== String(input.shape)) {
          throw new Error(
            `checkGradients: input ${i} has shape [${input.shape.join(', ')}], its gradient [${gradient.shape.join(', ')}]`,
          );
        }
        return (await gradient.data<'float32'>()).slice();
      }),
    );
  } finally {
    tf.dispose(gradients);
  }
}

/** Disposes the tensor. */
async function weightedSum(tensor: tf.Tensor): Promise<number> {
  const values = await tensor.data();
  tensor.dispose();
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) * weightAt(i);
  return sum;
}

/** 1 for a scalar; else between 0.5 and 1.5, without a pattern. */
function weightAt(index: number): number {
  return index === 0 ? 1 : 0.5 + ((index * 0.618_033_988_75) % 1);
}
