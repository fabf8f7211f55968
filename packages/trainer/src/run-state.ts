import {
  type CheckpointContent,
  type DecodedCheckpoint,
  type Json,
  loadParameters,
  toTensors,
} from '@pixcon/checkpoints';
import { type MethodState, type Optimizer, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

/** What a checkpoint says beside its tensors. */
export interface RunRecord {
  /** Steps done. */
  readonly step: number;
  /** Steps of the whole run: schedules depend on it. */
  readonly totalSteps: number;
  readonly seed: number;
  readonly method: string;
  /** Anything else the run needs to be recognised: a resumed run must agree in all of it. */
  readonly identity: Readonly<Record<string, Json>>;
  readonly queues: Readonly<Record<string, { readonly pointer: number; readonly filled: number }>>;
}

/** Everything that training changes, as a checkpoint. */
export function captureState(
  state: MethodState,
  optimizer: Optimizer,
  record: Omit<RunRecord, 'queues'>,
): CheckpointContent {
  const queues = Object.entries(state.queues);
  return {
    sections: {
      online: state.online,
      ...(state.target ? { target: state.target } : {}),
      optimizer: optimizer.state(),
      queues: new Map(queues.map(([name, queue]) => [name, queue.keys])),
    },
    record: {
      ...record,
      queues: Object.fromEntries(queues.map(([name, { pointer, filled }]) => [name, { pointer, filled }])),
    },
  };
}

/**
 * Puts a checkpoint's content into a state and an optimizer of the same shape.
 *
 * @throws PixconError `checkpoint` when it is of another run: method, seed, steps or a setting differ
 */
export function restoreState(
  checkpoint: DecodedCheckpoint,
  state: MethodState,
  optimizer: Optimizer,
  expected: Omit<RunRecord, 'queues' | 'step'>,
): RunRecord {
  const record = checkpoint.record as unknown as RunRecord;
  for (const [name, value] of Object.entries({ ...expected, ...expected.identity })) {
    if (name === 'identity') continue;
    const stored = (record as unknown as Record<string, Json>)[name] ?? record.identity?.[name];
    if (JSON.stringify(stored) === JSON.stringify(value)) continue;
    throw new PixconError(
      'checkpoint',
      `pretrain: the checkpoint was made with ${name} ${JSON.stringify(stored)}, this run has ${JSON.stringify(value)}; resume with the same settings, or start a new run folder`,
    );
  }
  const { sections } = checkpoint;
  loadParameters(state.online, sections.online ?? new Map());
  if (state.target) loadParameters(state.target, sections.target ?? new Map());
  const optimizerState = toTensors(sections.optimizer ?? new Map());
  const queueKeys = toTensors(sections.queues ?? new Map());
  try {
    optimizer.restore(optimizerState);
    for (const [name, queue] of Object.entries(state.queues)) {
      const keys = queueKeys.get(name);
      const place = record.queues[name];
      if (!keys || !place)
        throw new PixconError('checkpoint', `pretrain: the checkpoint has no queue named ${name}`);
      queue.restore({ keys: keys as tf.Tensor2D, ...place });
    }
  } finally {
    tf.dispose([...optimizerState.values(), ...queueKeys.values()]);
  }
  return record;
}
