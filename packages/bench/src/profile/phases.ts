import type { KeyQueue, LossPart, Method, MethodState, Optimizer } from '@pixcon/core';
import type { Recorder } from './recorder.ts';

/** The phases of a training step, in order. `online forward` is backbone, heads and predictors. */
export const stepPhases = [
  'augmentation',
  'target forward',
  'online forward',
  'loss',
  'backward',
  'optimizer',
  'target and queues',
] as const;

/** The method with its steps marked on the recorder. */
export function watchMethod(method: Method, recorder: Recorder): Method {
  return {
    ...method,
    encodeTargets(state, batch, context) {
      recorder.phase('target forward');
      return method.encodeTargets(state, batch, context);
    },
    losses(state, batch, targets, context) {
      const watch = (part: LossPart): LossPart => {
        return () => {
          recorder.phase('online forward');
          const losses = part();
          recorder.phase('backward');
          return losses;
        };
      };
      const [first, ...rest] = method.losses(state, batch, targets, context);
      return [watch(first), ...rest.map(watch)];
    },
    update(state, targets, context) {
      recorder.phase('target and queues');
      method.update(state, targets, context);
    },
  };
}

/**
 * Marks where the loss begins inside `losses`: a loss reads a queue, a network reads parameters, each just before
 * its kernels. Changes the state in place.
 */
export function watchState(state: MethodState, recorder: Recorder): void {
  const during = (from: string, to: string) => {
    if (recorder.currentPhase === from) recorder.phase(to);
  };
  const online = state.online as { get: MethodState['online']['get'] };
  const get = online.get.bind(state.online);
  online.get = (name) => {
    during('loss', 'online forward');
    return get(name);
  };
  for (const queue of Object.values(state.queues)) watchQueue(queue, () => during('online forward', 'loss'));
}

function watchQueue(queue: KeyQueue, onRead: () => void): void {
  const keys = () => descriptor?.get?.call(queue) as KeyQueue['keys'];
  const descriptor = Object.getOwnPropertyDescriptor(queue, 'keys');
  if (!descriptor?.get) return;
  Object.defineProperty(queue, 'keys', {
    ...descriptor,
    get: () => {
      onRead();
      return keys();
    },
  });
}

/** The optimizer with its update marked on the recorder. */
export function watchOptimizer(optimizer: Optimizer, recorder: Recorder): Optimizer {
  return {
    ...optimizer,
    update(parameters, gradients, learningRate) {
      recorder.phase('optimizer');
      optimizer.update(parameters, gradients, learningRate);
    },
  };
}
