import { assertNumber, PixconError, type Schedule } from '@pixcon/core';

export interface WarmupCosineOptions {
  /** The value after the warm-up, such as a learning rate; not negative. */
  readonly base: number;
  /** Steps of the whole run, warm-up included; at least 1. */
  readonly totalSteps: number;
  /** Steps of the linear warm-up, fewer than `totalSteps`. Default 0: none. */
  readonly warmupSteps?: number;
  /** The warm-up starts at this share of the regular value, above 0 and at most 1. Default 1e-4. */
  readonly warmupRatio?: number;
  /** The value at `totalSteps` and after. Default 0. */
  readonly end?: number;
}

/**
 * Half a cosine from `base` to `end`, with a linear warm-up multiplied onto its start:
 *
 *     regular(k) = end + (base − end) · (1 + cos(πk / totalSteps)) / 2
 *     value(k)   = regular(k) · (1 − (1 − k / warmupSteps) · (1 − warmupRatio))   for k < warmupSteps
 *
 * The cosine runs over the whole run, so the peak, at the end of the warm-up, lies slightly below `base`. This is
 * the rule of mmcv's `CosineAnnealingLrUpdaterHook` with `warmup='linear'` and `by_epoch=False`, as PixCon's
 * published configuration uses it.
 *
 * @throws PixconError `invalid-argument` for options outside their ranges
 *
 * @example
 * const learningRate = warmupCosine({ base: 0.4, totalSteps: 1000, warmupSteps: 5 });
 * learningRate(0); // => 0.00004
 * learningRate(500); // => 0.2
 * learningRate(1000); // => 0
 */
export function warmupCosine(options: WarmupCosineOptions): Schedule {
  const { base, totalSteps, warmupSteps = 0, warmupRatio = 1e-4, end = 0 } = options;
  assertNumber('warmupCosine', 'base', base, { minimum: 0 });
  assertNumber('warmupCosine', 'end', end, { minimum: 0 });
  assertNumber('warmupCosine', 'totalSteps', totalSteps, { minimum: 1, integer: true });
  assertNumber('warmupCosine', 'warmupSteps', warmupSteps, { minimum: 0, integer: true });
  assertNumber('warmupCosine', 'warmupRatio', warmupRatio, {
    minimum: 0,
    exclusiveMinimum: true,
    maximum: 1,
  });
  if (warmupSteps >= totalSteps) {
    throw new PixconError(
      'invalid-argument',
      `warmupCosine: warmupSteps must be below totalSteps, got ${warmupSteps} of ${totalSteps}; train longer or warm up less`,
    );
  }
  return (step) => {
    assertNumber('warmupCosine', 'step', step, { minimum: 0 });
    const progress = Math.min(step / totalSteps, 1);
    const regular = end + (base - end) * 0.5 * (1 + Math.cos(Math.PI * progress));
    if (step >= warmupSteps) return regular;
    return regular * (1 - (1 - step / warmupSteps) * (1 - warmupRatio));
  };
}
