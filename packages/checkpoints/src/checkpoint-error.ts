import { PixconError } from '@pixcon/core';

/** A `PixconError` of code `checkpoint`, with what caused it. */
export function checkpointError(message: string, cause?: unknown): PixconError {
  return new PixconError('checkpoint', message, cause === undefined ? {} : { cause });
}
