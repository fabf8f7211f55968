import type { KeyQueue, MethodState, ParameterSet } from '@pixcon/core';
import { exponentialMovingAverages } from '@pixcon/ops';

/** Online and target encoders with their queues. */
export interface MomentumState<Queues extends Readonly<Record<string, KeyQueue>>> extends MethodState {
  readonly target: ParameterSet;
  readonly queues: Queues;
}

/**
 * A state whose target starts as a copy of the online encoder; the target has no predictors.
 *
 * @param keep the names that the target has as well
 */
export function momentumState<Queues extends Readonly<Record<string, KeyQueue>>>(
  online: ParameterSet,
  queues: Queues,
  keep: (name: string) => boolean = isNoPredictor,
): MomentumState<Queues> {
  const target = online.clone(keep);
  return {
    online,
    target,
    queues,
    dispose() {
      online.dispose();
      target.dispose();
      for (const queue of Object.values(queues)) queue.dispose();
    },
  };
}

/** Whether a parameter lies outside the predictors, by its name. */
export function isNoPredictor(name: string): boolean {
  return !/^[a-z]*Predictor\./.test(name);
}

/** Moves every target parameter towards the online one. Buffers are the target's own: it runs in training mode. */
export function moveTarget(
  state: { readonly online: ParameterSet; readonly target: ParameterSet },
  momentum: number,
): void {
  const { target, online } = state;
  exponentialMovingAverages(
    target.trainable().map(({ name }) => ({ target: target.get(name), online: online.get(name) })),
    momentum,
  );
}
