import { type ImageDataset, type Method, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { initialState } from './initial-state.ts';
import { type PretrainOptions, resolvePretrainOptions } from './pretrain-options.ts';
import { type PretrainResult, Run } from './run.ts';
import { RunFolder } from './run-folder.ts';
import { stepsPerEpoch } from './two-view-loader.ts';

/**
 * Pre-trains a method on a data set, on the backend that is running: data loading, schedules, logging,
 * checkpoints and resuming. The learning rate warms up linearly and falls along a cosine; the target momentum
 * rises to 1 along a cosine.
 *
 * With `out`, the folder gets `config.json`, `run.json`, `metrics.jsonl`, `checkpoint.safetensors` (all that is needed
 * to go on), `backbone.safetensors` (the online backbone, torchvision's names), and, to look at, `report.html` with
 * `pictures/` and TensorBoard's event files, which change nothing of the training and never end it. A run that is killed at any moment
 * and resumed makes the same steps as one that was not: the same losses bit for bit, on one backend and machine.
 *
 * @throws PixconError `invalid-argument` for options that do not fit, `unreadable-data` when more than 5 % of the
 * images cannot be read, `numerical` when a loss or a parameter is no longer finite (the last good checkpoint
 * stays), `checkpoint` when `resume` finds another run, `data` when the folder cannot be written, `interrupted`
 * after `signal` fired and the state was saved
 * @example
 * await startBackend();
 * const method = pixcon({ backbone: resnet18(), matching: semanticReweighting(similarityMatching()) });
 * const { state } = await pretrain(method, imageFolder('photos'), { epochs: 100, out: 'runs/sr' });
 * state.dispose();
 */
export async function pretrain(
  method: Method,
  dataset: ImageDataset,
  options: PretrainOptions,
): Promise<PretrainResult> {
  const resolved = resolvePretrainOptions(options);
  const { batchSize, optimizer, out, resume, seed } = resolved;
  // All that can be refused is refused before anything is written.
  stepsPerEpoch(dataset, batchSize);
  assertPrecision(method);
  const folder = out === undefined ? undefined : new RunFolder(out);
  folder?.assertUsable({ resume });
  const state = initialState(method, { seed, datasetSize: dataset.length, batchSize });
  try {
    return await new Run({ method, dataset, state, folder, options: resolved, hooks: options }).train();
  } catch (error) {
    state.dispose();
    throw error;
  } finally {
    optimizer.dispose();
  }
}

function assertPrecision({ backbone }: Method): void {
  if (backbone.precision !== 'mixed' || tf.getBackend() === 'webgpu') return;
  throw new PixconError(
    'backend-unavailable',
    `pretrain: mixed precision needs the webgpu backend, but ${tf.getBackend()} is running; train in full precision, or start webgpu (--backend webgpu)`,
  );
}
