import { PixconError } from '@pixcon/core';

/** That a format has no place for this network. */
export function refuse(format: string, reason: string): PixconError {
  return new PixconError('invalid-argument', `${format}: ${reason}`);
}
