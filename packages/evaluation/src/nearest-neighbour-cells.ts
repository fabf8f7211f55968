import { assertNumber, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertFiniteFeatures } from './assert-finite.ts';
import type { LabelledCells } from './labelled-cells.ts';

export interface NearestNeighbourOptions {
  /** Cells whose classes are known. */
  readonly train: Pick<LabelledCells, 'features' | 'dim' | 'labels'>;
  /** Cells to label. */
  readonly test: Pick<LabelledCells, 'features' | 'dim'>;
  /** How many neighbours vote; fewer where `train` has fewer. Default 20. */
  readonly neighbours?: number;
  /** A vote weighs exp(cosine / temperature). Default 0.07. */
  readonly temperature?: number;
  readonly classCount: number;
}

/** Similarities held at a time: 64 MB. */
const tileEntries = 2 ** 24;

/**
 * Labels each test cell by a weighted vote of its nearest train cells by cosine: class arg max of
 * Σ_neighbours exp(cosine / temperature), the protocol of instance discrimination (Wu et al., 2018,
 * arXiv:1805.01978, §3.4) and DINO, here for cells. Ties go to the lowest class. Similarities are computed on
 * the running backend, a tile of test cells at a time.
 *
 * @returns one class per test cell
 * @throws PixconError `invalid-argument` for an option out of range, `invalid-shape` for features that do not
 *   fit, `numerical` for features that are not finite, `data` when `train` is empty or holds a class outside `classCount`
 *
 * @example
 * const train = { features: Float32Array.of(1, 0, 0, 1), dim: 2, labels: Uint8Array.of(4, 7) };
 * const test = { features: Float32Array.of(0.8, 0.6), dim: 2 };
 * await nearestNeighbourCells({ train, test, neighbours: 1, classCount: 8 }); // => [4]
 */
export async function nearestNeighbourCells(options: NearestNeighbourOptions): Promise<Uint8Array> {
  const { train, test, neighbours = 20, temperature = 0.07, classCount } = options;
  const where = 'nearestNeighbourCells';
  assertNumber(where, 'neighbours', neighbours, { minimum: 1, integer: true });
  assertNumber(where, 'temperature', temperature, { minimum: 0, exclusiveMinimum: true });
  assertNumber(where, 'classCount', classCount, { minimum: 1, maximum: 256, integer: true });
  assertFeatures(train, test);
  assertFiniteFeatures(where, train.features, 'the train cells');
  assertFiniteFeatures(where, test.features, 'the test cells');
  const { dim, labels } = train;
  const worst = labels.reduce((most, label) => Math.max(most, label), 0);
  if (labels.length === 0 || worst >= classCount) {
    const found = labels.length === 0 ? 'no train cell' : `class ${worst}`;
    throw new PixconError(
      'data',
      `${where}: expected train cells of classes below ${classCount}, got ${found}`,
    );
  }
  const count = test.features.length / dim;
  const wanted = Math.min(neighbours, labels.length);
  const rows = Math.max(1, Math.floor(tileEntries / labels.length));
  const predictions = new Uint8Array(count);
  const known = tf.tensor2d(train.features, [labels.length, dim]);
  try {
    for (let start = 0; start < count; start += rows) {
      const end = Math.min(count, start + rows);
      const tile = test.features.subarray(start * dim, end * dim);
      const { values, indices } = await nearest(known, tile, wanted);
      for (let row = 0; row < end - start; row++) {
        const near = [row * wanted, (row + 1) * wanted] as const;
        const votes = new Float64Array(classCount);
        for (let i = near[0]; i < near[1]; i++) {
          const label = labels[indices[i] as number] as number;
          votes[label] = (votes[label] as number) + Math.exp(((values[i] as number) - 1) / temperature);
        }
        predictions[start + row] = argMax(votes);
      }
    }
  } finally {
    known.dispose();
  }
  return predictions;
}

interface Neighbours {
  /** Cosines, `[rows, wanted]`. */
  readonly values: ArrayLike<number>;
  /** Rows of the train cells, `[rows, wanted]`. */
  readonly indices: ArrayLike<number>;
}

/** The `wanted` most similar rows of `known` for each row of `tile`. */
async function nearest(known: tf.Tensor2D, tile: Float32Array, wanted: number): Promise<Neighbours> {
  const [, dim] = known.shape;
  const similarity = () => tf.matMul(tf.tensor2d(tile, [tile.length / dim, dim]), known, false, true);
  if (!tf.getKernel('TopK', tf.getBackend())) {
    const all = tf.tidy(similarity);
    const values = await all.data();
    all.dispose();
    return selectOnHost(values, known.shape[0], wanted);
  }
  const top = tf.tidy(() => tf.topk(similarity(), wanted, false));
  const [values, indices] = await Promise.all([top.values.data(), top.indices.data()]);
  tf.dispose([top.values, top.indices]);
  return { values, indices };
}

/**
 * The largest `wanted` of each row of `[rows, columns]`, in order, by insertion: for a backend without top-k.
 */
export function selectOnHost(similarity: ArrayLike<number>, columns: number, wanted: number): Neighbours {
  const rows = similarity.length / columns;
  const values = new Float32Array(rows * wanted).fill(-Infinity);
  const indices = new Int32Array(rows * wanted);
  for (let row = 0; row < rows; row++) {
    const first = row * wanted;
    for (let column = 0; column < columns; column++) {
      const value = similarity[row * columns + column] as number;
      let place = first + wanted;
      while (place > first && value > (values[place - 1] as number)) place -= 1;
      if (place === first + wanted) continue;
      values.copyWithin(place + 1, place, first + wanted - 1);
      indices.copyWithin(place + 1, place, first + wanted - 1);
      values[place] = value;
      indices[place] = column;
    }
  }
  return { values, indices };
}

function assertFeatures(
  train: NearestNeighbourOptions['train'],
  test: NearestNeighbourOptions['test'],
): void {
  const { dim } = train;
  const fits =
    test.dim === dim &&
    train.features.length === train.labels.length * dim &&
    test.features.length % dim === 0;
  if (fits) return;
  throw new PixconError(
    'invalid-shape',
    `nearestNeighbourCells: train must be ${train.labels.length} rows of ${dim} features and test rows of as many, got ${train.features.length} and ${test.features.length} values (dim ${test.dim})`,
  );
}

function argMax(values: Float64Array): number {
  let best = 0;
  for (const [index, value] of values.entries()) {
    if (value > (values[best] as number)) best = index;
  }
  return best;
}
