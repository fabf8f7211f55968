import type { Json } from '@pixcon/checkpoints';
import { PixconError } from '@pixcon/core';

/**
 * Steps that a checkpoint's training had done, from its record.
 *
 * @throws PixconError `checkpoint` where it says nothing of them
 */
export function stepsDone(path: string, record: Json): number {
  const step = (record as { readonly step?: unknown } | null)?.step;
  if (Number.isSafeInteger(step) && (step as number) >= 0) return step as number;
  throw new PixconError(
    'checkpoint',
    `${path} does not say how many steps were done: it is damaged, or not of a training; train again`,
  );
}
