import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeCheckpoint } from '@pixcon/checkpoints/node';
import { type MethodState, type ParameterSet, RandomStream } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { buildMethod } from '../src/build-method.ts';
import { type RunConfig, resolveRunConfig } from '../src/run-config.ts';

export interface TrainedRun {
  readonly path: string;
  readonly config: RunConfig;
  /** What the checkpoint holds. The caller disposes it. */
  readonly state: MethodState;
}

/** A run folder as after some steps, without taking them: every parameter and statistic is away from its start. */
export async function writeTrainedRun(path: string, settings: Record<string, unknown>): Promise<TrainedRun> {
  const config = resolveRunConfig({ hidden: 8, dim: 4, queueLength: 8, ...settings }, 'test');
  const state = buildMethod(config).initialize({ random: new RandomStream(3), batchSize: 4 });
  scatter(state.online, new RandomStream(4));
  if (state.target) scatter(state.target, new RandomStream(5));
  await mkdir(path, { recursive: true });
  await writeFile(join(path, 'config.json'), JSON.stringify(config));
  await writeCheckpoint(join(path, 'checkpoint.safetensors'), {
    sections: { online: state.online, ...(state.target ? { target: state.target } : {}) },
    record: { step: 42 },
  });
  return { path, config, state };
}

/** Moves scales, offsets and running statistics, which begin as 0 and 1; weights are random already. */
function scatter(parameters: ParameterSet, random: RandomStream): void {
  for (const spec of parameters.specs) {
    if (spec.layout !== 'vector') continue;
    const least = /running_var|\.weight$/.test(spec.name) ? 0.5 : -0.2;
    const data = Float32Array.from({ length: spec.shape[0] as number }, () =>
      random.uniform(least, least + 0.7),
    );
    const value = tf.tensor1d(data);
    parameters.get(spec.name).assign(value);
    value.dispose();
  }
}
