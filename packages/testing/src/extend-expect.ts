import type { Tensor } from '@tensorflow/tfjs-core';
import { expect } from 'vitest';
import {
  type AllCloseOptions,
  type AllCloseResult,
  allClose,
  allCloseNow,
  isTensor,
  type TensorLike,
} from './all-close.ts';
import { mustBeAwaited } from './must-be-awaited.ts';

/**
 * Adds `expect(actual).toBeAllClose(expected, { relative, absolute })` to vitest: see {@link allClose} for the
 * rule. The message of a failure names the worst index, both values and how many differ.
 *
 * Where a tensor is compared it returns a promise, and a test that does not await it fails: on WebGPU under Node
 * tensors cannot be read synchronously. Numbers and arrays are compared at once.
 *
 * @example
 * extendExpect();
 * await expect(tf.tensor([1, 2])).toBeAllClose([1, 2]);
 * expect([1, 2]).toBeAllClose(Float32Array.of(1, 2));
 */
export function extendExpect(): void {
  expect.extend({
    toBeAllClose(actual: TensorLike, expected: TensorLike, options: AllCloseOptions = {}) {
      if (!isTensor(actual) && !isTensor(expected)) return verdict(allCloseNow(actual, expected, options));
      return {
        // Called by vitest, which hands on what it returns.
        // biome-ignore lint/suspicious/noThenProperty: so that what the test gets can be watched
        then: (judge: Judge, fail: undefined) =>
          mustBeAwaited(allClose(actual, expected, options).then(verdict).then(judge, fail), 'toBeAllClose'),
      } as unknown as Promise<Verdict>;
    },
  });
}

type Verdict = ReturnType<typeof verdict>;
type Judge = (verdict: Verdict) => void;

function verdict({ pass, message }: AllCloseResult): { pass: boolean; message: () => string } {
  return { pass, message: () => (pass ? `expected some value to differ, but ${message}` : message) };
}

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: a merged declaration must have vitest's own type parameter
  interface Matchers<T = any> {
    /**
     * Element by element: |actual − expected| ≤ absolute (1e-6) + relative (1e-5) · |expected|. To be awaited where
     * a tensor is compared.
     */
    toBeAllClose<Expected extends TensorLike>(
      expected: Expected,
      options?: AllCloseOptions,
    ): Result<T | Expected>;
  }
}

type Result<Value> = [Extract<Value, Tensor>] extends [never] ? undefined : Promise<void>;
