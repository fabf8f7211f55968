import { assertNumber, type Schedule } from '@pixcon/core';

export interface CosineMomentumOptions {
  /** Momentum at step 0, from 0 to 1. Default 0.99. */
  readonly base?: number;
  /** Momentum at `totalSteps` and after, from 0 to 1. Default 1. */
  readonly end?: number;
  /** Steps of the whole run; at least 1. */
  readonly totalSteps: number;
}

/**
 * The momentum of the target encoder, rising along half a cosine:
 *
 *     m(k) = end − (end − base) · (cos(πk / totalSteps) + 1) / 2
 *
 * With the default `end` this is 1 − (1 − base)(cos(πk/K) + 1)/2 of BYOL (Grill et al. 2020, §3.2), which PixCon
 * takes over.
 *
 * @throws PixconError `invalid-argument` for options outside their ranges
 *
 * @example
 * const momentum = cosineMomentum({ totalSteps: 1000 });
 * momentum(0); // => 0.99
 * momentum(500); // => 0.995
 * momentum(1000); // => 1
 */
export function cosineMomentum(options: CosineMomentumOptions): Schedule {
  const { base = 0.99, end = 1, totalSteps } = options;
  assertNumber('cosineMomentum', 'base', base, { minimum: 0, maximum: 1 });
  assertNumber('cosineMomentum', 'end', end, { minimum: 0, maximum: 1 });
  assertNumber('cosineMomentum', 'totalSteps', totalSteps, { minimum: 1, integer: true });
  return (step) => {
    assertNumber('cosineMomentum', 'step', step, { minimum: 0 });
    const progress = Math.min(step / totalSteps, 1);
    return end - (end - base) * ((Math.cos(Math.PI * progress) + 1) / 2);
  };
}
