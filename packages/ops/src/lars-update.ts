import { assertNumber, assertShape } from '@pixcon/core';
import { kernels } from './kernels/kernels.ts';
import type { LarsParameter, LarsUpdate } from './kernels/types.ts';
import { assertSkips } from './loss-scale.ts';

export type { LarsParameter, LarsUpdate } from './kernels/types.ts';

/**
 * One step of layer-wise adaptive rate scaling of different parameters, in place (You et al. 2017, arXiv:1708.03888,
 * algorithm 1). For every parameter w with gradient g and velocity v:
 *
 *     ratio = trustCoefficient · ‖w‖ / (‖g‖ + weightDecay · ‖w‖ + ε)      (1 where ‖w‖ or ‖g‖ is 0)
 *     v ← momentum · v + learningRate · ratio · (g + weightDecay · w);   w ← w − v
 *
 * Parameters that are not `adaptive` have the ratio 1 and no weight decay. Norms stay on the device.
 *
 * @param parameters gradients stay the caller's
 * @throws PixconError `invalid-shape`, `invalid-argument`, before anything has moved
 *
 * @example
 * larsUpdates([{ variable, velocity, gradient, adaptive: true }],
 *   { learningRate: 4.8, momentum: 0.9, weightDecay: 1e-6, trustCoefficient: 0.001, epsilon: 1e-8 });
 */
export function larsUpdates(parameters: readonly LarsParameter[], options: LarsUpdate): void {
  for (const { variable, velocity, gradient } of parameters) {
    assertShape('larsUpdates', 'gradient', gradient, variable.shape);
    assertShape('larsUpdates', 'velocity', velocity, variable.shape);
  }
  const { skip, ...numbers } = options;
  assertSkips('larsUpdates', skip);
  for (const [name, value] of Object.entries(numbers)) {
    assertNumber('larsUpdates', name, value, { minimum: 0 });
  }
  if (parameters.length > 0) kernels().larsUpdates(parameters, options);
}
