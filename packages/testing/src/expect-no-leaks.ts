import * as tf from '@tensorflow/tfjs-core';
import { mustBeAwaited } from './must-be-awaited.ts';

/**
 * Throws unless as many tensors live after `run` as before it. Waits for a promise that `run` returns; the test
 * must then await this one too.
 *
 * @throws Error that says how many tensors were leaked, or disposed though they were there before
 *
 * @example
 * expectNoLeaks(() => tf.square(2).dispose());
 * await expectNoLeaks(async () => void (await trainOneStep()));
 */
export function expectNoLeaks(run: () => Promise<unknown>): Promise<void>;
export function expectNoLeaks(run: () => void): void;
export function expectNoLeaks(run: () => unknown): Promise<void> | void {
  const before = tf.memory().numTensors;
  const result = run();
  if (isThenable(result)) {
    return mustBeAwaited(
      Promise.resolve(result).then(() => assertCount(before)),
      'expectNoLeaks',
    );
  }
  assertCount(before);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function';
}

function assertCount(before: number): void {
  const change = tf.memory().numTensors - before;
  if (change > 0) throw new Error(`expectNoLeaks: ${change} more tensor(s) after the call than before it`);
  if (change < 0) throw new Error(`expectNoLeaks: ${-change} tensor(s) from before the call were disposed`);
}
