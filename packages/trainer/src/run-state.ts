import {
  type CheckpointContent,
  type DecodedCheckpoint,
  type Json,
  loadParameters,
  toTensors,
} from '@pixcon/checkpoints';
import { type MethodState, type Optimizer, PixconError, shorten } from '@pixcon/core';
import type { LossScale } from '@pixcon/optimizers';
import * as tf from '@tensorflow/tfjs-core';
import { brokenOf } from './blame-first-step.ts';
import { firstDifference, type RunIdentity } from './run-identity.ts';

/** What a checkpoint says beside its tensors. */
export interface RunRecord {
  /** Steps done. */
  readonly step: number;
  readonly identity: RunIdentity;
  /** tfjs's name of the backend that made it: another one may go on, but not bit for bit. */
  readonly backend: string;
  /** Why each image that was skipped so far could not be read. */
  readonly unreadable: Readonly<Record<string, string>>;
  readonly queues: Readonly<Record<string, { readonly pointer: number; readonly filled: number }>>;
}

/** Everything that training changes, as a checkpoint. */
export function captureState(
  state: MethodState,
  optimizer: Optimizer,
  record: Omit<RunRecord, 'queues' | 'backend'>,
  lossScale?: LossScale,
): CheckpointContent {
  const queues = Object.entries(state.queues);
  return {
    sections: {
      online: state.online,
      ...(state.target ? { target: state.target } : {}),
      optimizer: optimizer.state(),
      ...(lossScale ? { lossScale: lossScale.state() } : {}),
      queues: new Map(queues.map(([name, queue]) => [name, queue.keys])),
    },
    record: {
      ...record,
      backend: tf.getBackend(),
      queues: Object.fromEntries(queues.map(([name, { pointer, filled }]) => [name, { pointer, filled }])),
    },
  };
}

/**
 * Throws unless every value that training changes is finite: a loss is computed before its step moves the
 * parameters, so a good loss does not prove a good state.
 *
 * @throws PixconError `numerical` that names the tensor
 */
export async function assertFiniteState(
  state: MethodState,
  optimizer: Optimizer,
  { step, names }: { readonly step: number; readonly names: readonly string[] },
): Promise<void> {
  const tensors: [name: string, tensor: tf.Tensor][] = [
    ...state.online.entries(),
    ...(state.target ? [...state.target.entries()].map(named('target encoder')) : []),
    ...[...optimizer.state()].map(named('optimizer')),
    ...Object.entries(state.queues).map(([name, { keys }]): [string, tf.Tensor] => [`queue ${name}`, keys]),
  ];
  const [name] = await brokenOf(tensors);
  if (name === undefined) return;
  throw new PixconError(
    'numerical',
    `pretrain: ${name} is no longer finite after step ${step}; lower the learning rate${names.length > 0 ? `, or look at the images of that batch: ${names.join(', ')}` : ''}`,
  );
}

function named(prefix: string) {
  return ([name, tensor]: [string, tf.Tensor]): [string, tf.Tensor] => [`${prefix} ${name}`, tensor];
}

/**
 * Puts a checkpoint's content into a state and an optimizer of the same shape.
 *
 * @throws PixconError `checkpoint` when it is of another run, with the setting that differs
 */
export function restoreState(
  checkpoint: DecodedCheckpoint,
  state: MethodState,
  optimizer: Optimizer,
  identity: RunIdentity,
  lossScale?: LossScale,
): RunRecord {
  const record = checkRecord(checkpoint.record);
  const difference = firstDifference(record.identity as Json | undefined, identity);
  if (difference) {
    throw new PixconError(
      'checkpoint',
      `pretrain: the checkpoint was made with ${difference.path || 'settings'} ${shorten(difference.stored, 200)}, this run has ${shorten(difference.current, 200)}; resume with the same settings and images, or start a new run folder`,
    );
  }
  const { sections } = checkpoint;
  loadParameters(state.online, sections.online ?? new Map());
  if (state.target) loadParameters(state.target, sections.target ?? new Map());
  restoreFrom(sections.optimizer ?? new Map(), (tensors) => optimizer.restore(tensors));
  if (lossScale) restoreFrom(sections.lossScale ?? new Map(), (tensors) => lossScale.restore(tensors));
  restoreQueues(state, sections.queues ?? new Map(), record);
  return record;
}

/** @throws PixconError `checkpoint` for the record of a file that is damaged, or of another program's */
function checkRecord(record: Json): RunRecord {
  const { step, backend, unreadable, queues, identity } = isRecord(record) ? record : {};
  const needed: readonly [name: string, isThere: boolean][] = [
    ['whole number of steps', isCount(step)],
    ['settings', isRecord(identity)],
    ['backend', typeof backend === 'string'],
    ['list of unreadable images', isRecordOf(unreadable, (reason) => typeof reason === 'string')],
    [
      'places in its queues',
      isRecordOf(queues, (queue) => isRecord(queue) && isCount(queue.pointer) && isCount(queue.filled)),
    ],
  ];
  const missing = needed.find(([, isThere]) => !isThere)?.[0];
  if (missing === undefined) return record as unknown as RunRecord;
  throw new PixconError(
    'checkpoint',
    `pretrain: the checkpoint has no ${missing}: it is damaged, or not of a training; start a new run folder (--out)`,
  );
}

function isCount(value: Json | undefined): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isRecordOf(value: Json | undefined, holds: (item: Json) => boolean): boolean {
  return isRecord(value) && Object.values(value).every(holds);
}

function isRecord(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type Section = DecodedCheckpoint['sections'][string];

function restoreFrom(section: Section, restore: (tensors: ReadonlyMap<string, tf.Tensor>) => void): void {
  const tensors = toTensors(section);
  try {
    restore(tensors);
  } finally {
    tf.dispose([...tensors.values()]);
  }
}

function restoreQueues(state: MethodState, section: Section, record: RunRecord): void {
  const tensors = toTensors(section);
  try {
    for (const [name, queue] of Object.entries(state.queues)) {
      const keys = tensors.get(name);
      const place = record.queues[name];
      if (!keys || !place) {
        throw new PixconError('checkpoint', `pretrain: the checkpoint has no queue named ${name}`);
      }
      queue.restore({ keys: keys as tf.Tensor2D, ...place });
    }
  } finally {
    tf.dispose([...tensors.values()]);
  }
}
