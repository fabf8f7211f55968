import type { Method, MethodState, Optimizer, StepContext, ViewPair } from '@pixcon/core';
import { valueAndGradients } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

export interface TrainStepOptions extends StepContext {
  readonly learningRate: number;
  /** Sees the gradients by parameter name before the optimizer does; it must not keep them. */
  readonly onGradients?: (gradients: ReadonlyMap<string, tf.Tensor>) => void;
}

/** Scalars of a step, still on the device. The caller disposes them. */
export type StepScalars = Readonly<Record<string, tf.Scalar>>;

/**
 * One training step: target forward, online forward and gradients, optimizer, target and queues. Nothing is read
 * back to the host.
 *
 * @returns `loss` (the total), each loss term and each diagnostic by name
 * @example
 * const scalars = trainStep(method, state, sgd(), batch, { step: 0, learningRate: 0.05, targetMomentum: 0.99, random });
 * const loss = (await scalars.loss.data())[0];
 */
export function trainStep(
  method: Method,
  state: MethodState,
  optimizer: Optimizer,
  batch: ViewPair,
  options: TrainStepOptions,
): StepScalars {
  const { learningRate, onGradients, ...context } = options;
  const targets = tf.tidy(() => method.encodeTargets(state, batch, context));
  const scalars: Record<string, tf.Scalar> = {};
  try {
    const variables = new Map(state.online.trainable().map(({ name }) => [name, state.online.get(name)]));
    const { value, gradients } = valueAndGradients(() => {
      const losses = method.losses(state, batch, targets, context);
      // Clones: a term may be the total itself, and each must be disposable on its own.
      for (const [name, scalar] of Object.entries({ ...losses.terms, ...losses.diagnostics })) {
        scalars[name] = tf.keep(tf.clone(scalar));
      }
      return losses.total;
    }, variables);
    scalars.loss = value;
    onGradients?.(gradients);
    optimizer.update(state.online, gradients, learningRate);
    tf.dispose([...gradients.values()]);
    tf.tidy(() => method.update(state, targets, context));
    const { loss, ...rest } = scalars;
    return { loss: loss as tf.Scalar, ...rest };
  } catch (error) {
    tf.dispose(scalars);
    throw error;
  } finally {
    tf.dispose(Object.values(targets));
  }
}
