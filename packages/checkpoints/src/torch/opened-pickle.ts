import type { TorchStorage } from './tensor-reference.ts';

/** A file's pickle, and how to get at the numbers that lie beside it. */
export interface OpenedPickle {
  readonly value: unknown;
  /** A storage's bytes. @throws PixconError `checkpoint` when it is missing or damaged */
  read(storage: TorchStorage): Uint8Array;
}
