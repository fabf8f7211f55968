import { expect } from 'vitest';
import { type AllCloseOptions, allClose, type TensorLike } from './all-close.ts';

/**
 * Adds `expect(actual).toBeAllClose(expected, { relative, absolute })` to vitest: see {@link allClose} for the
 * rule. The message of a failure names the worst index, both values and how many differ.
 *
 * @example
 * extendExpect();
 * expect(tf.tensor([1, 2])).toBeAllClose([1, 2]);
 */
export function extendExpect(): void {
  expect.extend({
    toBeAllClose(actual: TensorLike, expected: TensorLike, options: AllCloseOptions = {}) {
      const { pass, message } = allClose(actual, expected, options);
      return { pass, message: () => (pass ? `expected some value to differ, but ${message}` : message) };
    },
  });
}

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: a merged declaration must have vitest's own type parameter
  interface Matchers<T = any> {
    /** Element by element: |actual − expected| ≤ absolute (1e-6) + relative (1e-5) · |expected|. */
    toBeAllClose(expected: TensorLike, options?: AllCloseOptions): T;
  }
}
