import type { Tensor2D } from '@tensorflow/tfjs-core';

/** A FIFO ring of L2-normalised negative keys. */
export interface KeyQueue {
  readonly length: number;
  readonly dim: number;
  /** All keys, `[length, dim]`: a live tensor, not to be disposed. */
  readonly keys: Tensor2D;
  /** The row that the next key is written to. */
  readonly pointer: number;
  /** How many rows hold keys of real images rather than random ones; `length` once the queue has filled. */
  readonly filled: number;
  /** Writes `[count, dim]` normalised keys at the pointer and moves it. `keys` stays the caller's. */
  enqueue(keys: Tensor2D): void;
  /** Replaces the content, for a checkpoint. */
  restore(content: { keys: Tensor2D; pointer: number; filled: number }): void;
  dispose(): void;
}
