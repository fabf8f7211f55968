import { PixconError } from '@pixcon/core';
import { checkpointError } from '../checkpoint-error.ts';
import { type UnpickleOptions, Unpickler } from './unpickler.ts';

export interface DecodedPickle {
  /**
   * `null`, booleans, numbers, bigints, strings, `Uint8Array`, arrays (lists), `PickleTuple`, `Map` (dicts), `Set`,
   * what `global` and `persistent` gave, and `PickleGlobal` and `PickleObject` for all else.
   */
  readonly value: unknown;
  /** Where the pickle ends in the bytes. */
  readonly end: number;
}

/**
 * Reads one Python pickle (protocols 0 to 5) and executes nothing: a class or function of Python is a name, which
 * `options.global` may turn into a stand-in; an object of any other is kept as data. Memory stays within a small
 * multiple of the bytes read.
 *
 * @param start where the pickle begins in `bytes`
 * @throws PixconError `checkpoint` that says what is wrong, where, and after which name
 */
export function decodePickle(bytes: Uint8Array, options: UnpickleOptions = {}, start = 0): DecodedPickle {
  const unpickler = new Unpickler(bytes, options, start);
  try {
    return { value: unpickler.run(), end: unpickler.position };
  } catch (cause) {
    if (!PixconError.isInstance(cause)) throw cause;
    const near =
      unpickler.lastName === undefined ? '' : `, in or after ${JSON.stringify(unpickler.lastName)}`;
    throw checkpointError(
      `the pickle is refused at byte ${unpickler.position}${near}: ${cause.message}`,
      cause,
    );
  }
}
