import type { LogisticProbe } from './logistic-probe.ts';

export interface ProbeOptions {
  /** Strength of the probe's penalty. Default: chosen on a fifth of the train images, never on validation. */
  readonly penalty?: number;
  /** Which train images the penalty is chosen on follows from it. Default 0. */
  readonly seed?: number;
}

export function probeWarnings({ converged, iterations, gradientNorm }: LogisticProbe): string[] {
  if (converged) return [];
  return [
    `the probe did not converge: after ${iterations} iterations its gradient's largest entry is ${gradientNorm.toExponential(1)}`,
  ];
}
