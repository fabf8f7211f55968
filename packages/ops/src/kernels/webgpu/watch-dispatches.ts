import type * as tf from '@tensorflow/tfjs-core';
import type { DispatchCost } from './program.ts';

/** A shader of ours that was queued. */
export interface Dispatch extends DispatchCost {
  readonly name: string;
  readonly inputs: readonly tf.TensorInfo[];
  readonly outputs: readonly tf.TensorInfo[];
  readonly workgroups: readonly [number, number, number];
}

type Watcher = (dispatch: Dispatch) => void;

const watchers = new Set<Watcher>();

/**
 * Calls `watcher` with every shader that this package queues on the WebGPU backend, with its arithmetic and bytes.
 * They run past the engine of tfjs, whose `profile` does not see them.
 *
 * @returns ends it
 *
 * @example
 * let count = 0;
 * const stop = watchDispatches(({ name, flops }) => console.log(name, flops, ++count));
 * linear(tf.ones([4, 8]), tf.ones([8, 8]));
 * stop();
 */
export function watchDispatches(watcher: Watcher): () => void {
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
}

/** @param describe is not called where nobody watches */
export function announceDispatch(describe: () => Dispatch): void {
  if (watchers.size === 0) return;
  const dispatch = describe();
  for (const watcher of watchers) watcher(dispatch);
}
