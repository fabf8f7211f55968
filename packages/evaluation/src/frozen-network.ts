import { assertOneOf, type Backbone, type Parameters, RandomStream } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertFiniteParameters } from './assert-finite.ts';

/**
 * What batch normalization uses when features are scored:
 * - `running`: the parameters' running statistics, as they are, which is what whoever uses the backbone gets. An
 *   untrained network's are 0 and 1: it is scored as it was made, not normalised
 * - `estimated`: statistics of the images at hand, gathered in one pass before, for training views that look unlike
 *   them (grey ones, say). Labels play no part. It makes an untrained residual network worse than it is, so a gain
 *   measured with it flatters the training
 * - `batch`: those of each batch; features then depend on the batch that an image is in
 */
export type StatisticsMode = 'running' | 'estimated' | 'batch';

const statisticsModes = ['running', 'estimated', 'batch'] as const satisfies readonly StatisticsMode[];

/** A network whose statistics are settled: parameters, with buffers of its own where they changed. */
export interface FrozenNetwork {
  /** Who asked for it, for messages. */
  readonly where: string;
  readonly parameters: Parameters;
  /** Whether batch normalization uses the batch's statistics. */
  readonly training: boolean;
  dispose(): void;
}

/**
 * Settles what batch normalization uses; the parameters themselves never change.
 *
 * @param batches makes image batches, `[batch, size, size, 3]`, for `estimated`; each is disposed after its use
 * @throws PixconError `invalid-argument` for an unknown mode, `numerical` for a parameter that it uses and that holds
 *   NaN or infinities, by name: the features may hide them
 */
export async function freezeNetwork(
  where: string,
  backbone: Backbone,
  parameters: Parameters,
  mode: StatisticsMode,
  batches: () => AsyncIterable<tf.Tensor4D>,
): Promise<FrozenNetwork> {
  assertOneOf(where, 'statistics', mode, statisticsModes);
  // Running statistics are replaced where they are not asked for.
  const used = backbone.parameters.filter(({ role }) => mode === 'running' || role !== 'buffer');
  await assertFiniteParameters(
    where,
    parameters,
    used.map(({ name }) => name),
  );
  const names = backbone.parameters.filter(({ role }) => role === 'buffer').map(({ name }) => name);
  if (mode === 'running' || names.length === 0) {
    return { where, parameters, training: false, dispose: () => undefined };
  }
  // A forward pass in training mode moves the running statistics: it gets copies of them.
  const buffers = new Map<string, tf.Variable>();
  const dispose = () => {
    for (const buffer of buffers.values()) buffer.dispose();
  };
  for (const name of names) {
    buffers.set(
      name,
      tf.tidy(() => tf.variable(tf.clone(parameters.get(name)), false)),
    );
  }
  const frozen: Parameters = { get: (name) => buffers.get(name) ?? parameters.get(name) };
  if (mode === 'batch') return { where, parameters: frozen, training: true, dispose };
  try {
    await averageStatistics(backbone, frozen, buffers, batches());
  } catch (error) {
    dispose();
    throw error;
  }
  return { where, parameters: frozen, training: false, dispose };
}

/**
 * Sets the buffers to the average of the batches' statistics, each weighed by its images (PyTorch's batch
 * normalization with `momentum=None`).
 *
 * A running statistic moves by r ← (1 − m) · r + m · batch with an m that is the backbone's own. So each batch
 * starts from 0 and leaves m · batch; a second pass of the first one leaves m · (2 − m) · batch, which tells m.
 */
async function averageStatistics(
  backbone: Backbone,
  parameters: Parameters,
  buffers: ReadonlyMap<string, tf.Variable>,
  batches: AsyncIterable<tf.Tensor4D>,
): Promise<void> {
  const sums = new Map<string, Float64Array>();
  let images = 0;
  let momentum: number | undefined;
  const forward = (batch: tf.Tensor4D) =>
    tf.tidy(() => {
      backbone.apply(parameters, batch, { training: true });
    });
  for await (const batch of batches) {
    try {
      // One image over may have but one cell, of which there is no variance.
      if (images > 0 && batch.shape[0] === 1) continue;
      for (const buffer of buffers.values()) tf.tidy(() => buffer.assign(tf.zerosLike(buffer)));
      forward(batch);
      const once = await readAll(buffers);
      for (const [name, values] of once) {
        const sum = sums.get(name) ?? new Float64Array(values.length);
        for (const [at, value] of values.entries()) sum[at] = (sum[at] as number) + batch.shape[0] * value;
        sums.set(name, sum);
      }
      images += batch.shape[0];
      if (momentum === undefined) {
        forward(batch);
        momentum = 2 - (sumOfSizes(await readAll(buffers)) / sumOfSizes(once) || 1);
      }
    } finally {
      batch.dispose();
    }
  }
  for (const [name, sum] of sums) {
    const buffer = buffers.get(name) as tf.Variable;
    const scale = 1 / (images * (momentum as number));
    tf.tidy(() =>
      buffer.assign(
        tf.tensor(
          Float32Array.from(sum, (value) => value * scale),
          buffer.shape,
        ),
      ),
    );
  }
}

async function readAll(buffers: ReadonlyMap<string, tf.Variable>): Promise<Map<string, Float32Array>> {
  const values = new Map<string, Float32Array>();
  for (const [name, buffer] of buffers) values.set(name, await buffer.data<'float32'>());
  return values;
}

function sumOfSizes(values: ReadonlyMap<string, Float32Array>): number {
  let sum = 0;
  for (const array of values.values()) for (const value of array) sum += Math.abs(value);
  return sum;
}

/** A fixed random order: in a video, neighbours in a batch would be too alike to tell a variance. */
export function mixed(indices: readonly number[]): number[] {
  return [...new RandomStream(0).permutation(indices.length)].map((place) => indices[place] as number);
}
