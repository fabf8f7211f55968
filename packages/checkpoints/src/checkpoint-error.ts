import { PixconError, shorten } from '@pixcon/core';

/** A `PixconError` of code `checkpoint`, with what caused it. Names that files hold may be of any length. */
export function checkpointError(message: string, cause?: unknown): PixconError {
  return new PixconError('checkpoint', shorten(message, 1400), cause === undefined ? {} : { cause });
}
