import { createHash } from 'node:crypto';
import type { Json } from '@pixcon/checkpoints';
import type { ImageDataset, Method, MethodState } from '@pixcon/core';
import type { ResolvedPretrainOptions } from './pretrain-options.ts';

/**
 * All that decides what a run computes: a resumed run must agree in every entry. Names are those of the options,
 * because a difference is reported by its name.
 */
export type RunIdentity = Readonly<Record<string, Json>>;

export function describeRun(
  method: Method,
  state: MethodState,
  dataset: ImageDataset,
  options: ResolvedPretrainOptions,
): RunIdentity {
  const { epochs, batchSize, accumulate, imageSize, seed, learningRate, warmupEpochs } = options;
  const { augmentation, optimizer } = options;
  const queues = Object.entries(state.queues).map(([name, { length, dim }]) => [name, { length, dim }]);
  const identity = {
    method: method.name,
    epochs,
    batchSize,
    accumulate,
    imageSize,
    seed,
    learningRate,
    warmupEpochs,
    optimizer: { name: optimizer.name, ...optimizer.settings },
    backbone: {
      name: method.backbone.name,
      stages: method.backbone.stages,
      // Absent otherwise, as in runs from before there was a choice.
      ...(method.backbone.precision === 'mixed' && { precision: 'mixed' }),
    },
    // A queue sized by the data set and one of the same length by number are the same run.
    queues: Object.fromEntries(queues),
    settings: { ...method.settings, queueLength: null },
    augmentation,
    images: { count: dataset.length, names: hashNames(dataset) },
  };
  // As JSON gives it back: without undefined entries.
  return JSON.parse(JSON.stringify(identity)) as RunIdentity;
}

/** The first entry, depth first, in which two JSON values differ. */
export function firstDifference(
  stored: Json | undefined,
  current: Json | undefined,
  path = '',
): { readonly path: string; readonly stored: string; readonly current: string } | undefined {
  if (isObject(stored) && isObject(current)) {
    const keys = new Set([...Object.keys(current), ...Object.keys(stored)]);
    for (const key of keys) {
      const found = firstDifference(stored[key], current[key], path === '' ? key : `${path}.${key}`);
      if (found) return found;
    }
    return undefined;
  }
  const [before, now] = [JSON.stringify(stored) ?? 'none', JSON.stringify(current) ?? 'none'];
  return before === now ? undefined : { path, stored: before, current: now };
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null;
}

/** Two data sets of the same size and other files are told apart, wherever their folders lie. */
function hashNames(dataset: ImageDataset): string {
  const hash = createHash('sha256');
  for (let index = 0; index < dataset.length; index++) hash.update(`${dataset.name(index)}\0`);
  return hash.digest('hex').slice(0, 16);
}
