import type { RandomStream } from '@pixcon/core';

/** A hostile file: what it is called in the reader's folder, and its bytes. */
export interface FuzzFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** One public way into the library for files that others made. */
export interface Reader {
  /** A case from nothing but its random stream. */
  readonly make: (random: RandomStream) => FuzzFile;
  /** Reads the file at the path, and throws where what was read is not sound. */
  readonly read: (path: string) => Promise<void>;
}

/** @param folder empty, and the reader's own */
export type MakeReader = (folder: string) => Promise<Reader>;

export const pick = <T>(random: RandomStream, from: readonly T[]): T =>
  from[random.integer(0, from.length)] as T;

export function assertSound(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not sound: ${what}`);
}
