import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadParameters } from '@pixcon/checkpoints';
import { readCheckpoint } from '@pixcon/checkpoints/node';
import { type Method, type MethodState, PixconError } from '@pixcon/core';
import { initialState } from '@pixcon/trainer';
import { buildMethod } from './build-method.ts';
import { readConfigFile } from './config-file.ts';
import { readInitialWeights, startFrom } from './initial-weights.ts';
import { type RunConfig, resolveRunConfig } from './run-config.ts';
import { stepsDone } from './steps-done.ts';

/** A run folder that was read; networks are made when asked for, on the backend that runs then. */
export interface OpenedRun {
  readonly path: string;
  readonly config: RunConfig;
  readonly method: Method;
  /** The networks that the run began with. The caller disposes them. */
  untrained(): MethodState;
  /** The networks of the last checkpoint. The caller disposes `state`. */
  trained(): Promise<TrainedRun>;
}

export interface TrainedRun {
  readonly state: MethodState;
  /** Steps done when the checkpoint was written. */
  readonly step: number;
}

/**
 * Opens the folder of a run of the command line.
 *
 * @throws PixconError `invalid-argument` when it is no such folder
 */
export async function openRun(path: string): Promise<OpenedRun> {
  const configPath = join(path, 'config.json');
  if (!existsSync(configPath)) {
    throw new PixconError(
      'invalid-argument',
      `${path} is not a run folder (no config.json); give the folder that pixcon pretrain or pixcon demo wrote (--out)`,
    );
  }
  const config = resolveRunConfig(await readConfigFile(configPath), configPath);
  // Networks are scored in full precision, on any backend, however they were trained.
  const method = buildMethod({ ...config, precision: 'full' });
  // The queues' length was resolved when the run began: the data set's size has no more say.
  const initialize = (from: Method) =>
    initialState(from, { seed: config.seed, batchSize: config.batchSize, datasetSize: config.batchSize });
  const begin = await beginning(method, config);
  return {
    path,
    config,
    method,
    untrained: () => initialize(begin()),
    trained: async () => {
      const { sections, record } = await readCheckpoint(assertCheckpoint(path));
      const step = stepsDone(path, record);
      const state = initialize(method);
      try {
        loadParameters(state.online, sections.online ?? new Map());
        if (state.target) loadParameters(state.target, sections.target ?? new Map());
      } catch (error) {
        state.dispose();
        throw error;
      }
      return { state, step };
    },
  };
}

/**
 * The path of a run's checkpoint.
 *
 * @throws PixconError `invalid-argument` when there is none yet
 */
export function assertCheckpoint(path: string): string {
  const checkpointPath = join(path, 'checkpoint.safetensors');
  if (existsSync(checkpointPath)) return checkpointPath;
  throw new PixconError('invalid-argument', `${path} has no checkpoint yet; let the run reach its first`);
}

/** The method as the run began it; a file of weights that cannot be read any more is told when it is asked for. */
async function beginning(method: Method, { init, arch, network }: RunConfig): Promise<() => Method> {
  if (init === undefined) return () => method;
  try {
    const { tensors } = await readInitialWeights(init, {
      parameters: () => method.backbone.parameters,
      arch,
      network,
    });
    return () => startFrom(method, tensors);
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
