import {
  type DecodedCheckpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  type Json,
  loadParameters,
  toTensors,
} from '@pixcon/checkpoints';
import { type MethodState, type Optimizer, PixconError } from '@pixcon/core';
import type { ReportMetrics } from '@pixcon/visualize';
import * as tf from '@tensorflow/tfjs-core';
import type { Source } from '../protocol.ts';
import type { LabSettings } from '../settings.ts';
import { readCheckpoints, writeCheckpoint } from './storage.ts';

/** What a checkpoint says beside its tensors. */
export interface LabRecord {
  /** Steps done. */
  readonly step: number;
  readonly settings: LabSettings;
  readonly source: Source['kind'];
  /** How many images, and a number that other names give another one of. */
  readonly images: { readonly count: number; readonly names: number };
  readonly queues: Readonly<Record<string, { readonly pointer: number; readonly filled: number }>>;
  readonly metrics: readonly ReportMetrics[];
}

export interface StoredCheckpoint {
  readonly record: LabRecord;
  readonly sections: DecodedCheckpoint['sections'];
}

/** Stores everything that training changes. */
export async function storeCheckpoint(
  state: MethodState,
  optimizer: Optimizer,
  record: Omit<LabRecord, 'queues'>,
): Promise<void> {
  const queues = Object.entries(state.queues);
  const places = queues.map(([name, { pointer, filled }]) => [name, { pointer, filled }]);
  const bytes = await encodeCheckpoint({
    sections: {
      online: state.online,
      ...(state.target ? { target: state.target } : {}),
      optimizer: optimizer.state(),
      queues: new Map(queues.map(([name, { keys }]) => [name, keys])),
    },
    record: { ...record, queues: Object.fromEntries(places) } as unknown as Json,
  });
  await writeCheckpoint(bytes);
}

/** The newest stored checkpoint that is whole. */
export async function readCheckpoint(): Promise<StoredCheckpoint | undefined> {
  let newest: StoredCheckpoint | undefined;
  for (const bytes of await readCheckpoints().catch(() => [])) {
    try {
      const { sections, record } = decodeCheckpoint(bytes);
      newest ??= { sections, record: record as unknown as LabRecord };
    } catch (error) {
      // Cut short while it was written: the one before counts.
      if (!(PixconError.isInstance(error) && error.code === 'checkpoint')) throw error;
    }
  }
  return newest;
}

/** Puts a checkpoint into a state of the same shapes. */
export function restoreCheckpoint(
  { record, sections }: StoredCheckpoint,
  state: MethodState,
  optimizer: Optimizer,
): void {
  loadParameters(state.online, sections.online ?? new Map());
  if (state.target) loadParameters(state.target, sections.target ?? new Map());
  withTensors(sections.optimizer, (tensors) => optimizer.restore(tensors));
  withTensors(sections.queues, (tensors) => {
    for (const [name, queue] of Object.entries(state.queues)) {
      const [keys, place] = [tensors.get(name), record.queues[name]];
      if (!keys || !place) throw new PixconError('checkpoint', `The checkpoint has no queue named ${name}.`);
      queue.restore({ keys: keys as tf.Tensor2D, ...place });
    }
  });
}

function withTensors(
  section: DecodedCheckpoint['sections'][string] | undefined,
  use: (tensors: Map<string, tf.Tensor>) => void,
): void {
  const tensors = toTensors(section ?? new Map());
  try {
    use(tensors);
  } finally {
    tf.dispose([...tensors.values()]);
  }
}
