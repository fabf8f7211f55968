import { RandomStream } from '@pixcon/core';
import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { nearestNeighbourCells, selectOnHost } from './nearest-neighbour-cells.ts';

function unitRows(random: RandomStream, rows: number, dim: number): Float32Array {
  const features = Float32Array.from({ length: rows * dim }, () => random.normal());
  for (let row = 0; row < rows; row++) {
    const vector = features.subarray(row * dim, (row + 1) * dim);
    const length = Math.hypot(...vector);
    for (const [i, value] of vector.entries()) vector[i] = value / length;
  }
  return features;
}

interface Case {
  train: { features: Float32Array; dim: number; labels: Uint8Array };
  test: { features: Float32Array; dim: number };
  neighbours: number;
  temperature: number;
  classCount: number;
}

function randomCase(seed: number, neighbours: number, temperature = 0.07): Case {
  const random = new RandomStream(seed);
  const [known, unknown, dim, classCount] = [60, 40, 5, 6];
  return {
    train: {
      features: unitRows(random, known, dim),
      dim,
      labels: Uint8Array.from({ length: known }, () => random.integer(0, classCount)),
    },
    test: { features: unitRows(random, unknown, dim), dim },
    neighbours,
    temperature,
    classCount,
  };
}

/** Sorts every train cell for every test cell. */
function naive({ train, test, neighbours, temperature, classCount }: Case): number[] {
  const { dim, labels } = train;
  const result: number[] = [];
  for (let row = 0; row < test.features.length / dim; row++) {
    const ranked = [...labels]
      .map((label, column) => {
        let cosine = 0;
        for (let d = 0; d < dim; d++) {
          cosine += (test.features[row * dim + d] as number) * (train.features[column * dim + d] as number);
        }
        return { label, cosine };
      })
      .sort((a, b) => b.cosine - a.cosine)
      .slice(0, neighbours);
    const votes = Array.from({ length: classCount }, (_, label) =>
      ranked
        .filter((neighbour) => neighbour.label === label)
        .reduce((sum, neighbour) => sum + Math.exp(neighbour.cosine / temperature), 0),
    );
    result.push(votes.indexOf(Math.max(...votes)));
  }
  return result;
}

describeBackends('nearestNeighbourCells', (backend) => {
  it.each([
    [1, 0.07],
    [7, 0.07],
    [20, 1],
    [60, 0.5],
    [500, 0.5],
  ])('agrees with sorting: %i neighbours, temperature %f', async (neighbours, temperature) => {
    const input = randomCase(neighbours, neighbours, temperature);
    expect([...(await nearestNeighbourCells(input))]).toEqual(naive(input));
  });

  it('weighs votes by similarity, more so the lower the temperature', async () => {
    // One close neighbour of class 1 against two further ones of class 0.
    const train = {
      features: Float32Array.of(1, 0, 0.6, 0.8, 0.6, -0.8),
      dim: 2,
      labels: Uint8Array.of(1, 0, 0),
    };
    const test = { features: Float32Array.of(1, 0), dim: 2 };
    const label = async (temperature: number) =>
      [...(await nearestNeighbourCells({ train, test, neighbours: 3, temperature, classCount: 2 }))][0];
    expect(await label(0.1)).toBe(1);
    expect(await label(10)).toBe(0);
  });

  it('gives a tie to the lowest class', async () => {
    const train = { features: Float32Array.of(1, 0, 1, 0), dim: 2, labels: Uint8Array.of(5, 2) };
    const test = { features: Float32Array.of(1, 0), dim: 2 };
    expect([...(await nearestNeighbourCells({ train, test, classCount: 6 }))]).toEqual([2]);
  });

  it('labels nothing when there is nothing to label', async () => {
    const { train } = randomCase(3, 5);
    const test = { features: new Float32Array(0), dim: 5 };
    expect(await nearestNeighbourCells({ train, test, classCount: 6 })).toHaveLength(0);
  });

  it('leaks nothing', async () => {
    await expectNoLeaks(() => nearestNeighbourCells(randomCase(4, 5)));
  });

  it('refuses what does not fit', async () => {
    const { train, test } = randomCase(5, 5);
    const empty = { features: new Float32Array(0), dim: 5, labels: new Uint8Array(0) };
    await expect(nearestNeighbourCells({ train, test, classCount: 2 })).rejects.toThrow('below 2, got class');
    await expect(nearestNeighbourCells({ train: empty, test, classCount: 2 })).rejects.toThrow(
      'no train cell',
    );
    await expect(nearestNeighbourCells({ train, test, neighbours: 0, classCount: 6 })).rejects.toThrow(
      'neighbours',
    );
    await expect(nearestNeighbourCells({ train, test, temperature: 0, classCount: 6 })).rejects.toThrow(
      'temperature',
    );
    const other = { features: test.features, dim: 4 };
    await expect(nearestNeighbourCells({ train, test: other, classCount: 6 })).rejects.toThrow('dim 4');
  });

  // 2^20 train cells leave 16 rows to a tile. Plain JavaScript takes too long for it.
  it.runIf(backend === 'tensorflow')('labels more cells than a tile holds', async () => {
    const count = 2 ** 20;
    const angle = (fraction: number) => 2 * Math.PI * fraction;
    const onCircle = (fractions: number[]) =>
      Float32Array.from(
        fractions.flatMap((fraction) => [Math.cos(angle(fraction)), Math.sin(angle(fraction))]),
      );
    const features = new Float32Array(count * 2);
    for (let row = 0; row < count; row++) {
      features[row * 2] = Math.cos(angle(row / count));
      features[row * 2 + 1] = Math.sin(angle(row / count));
    }
    const labels = Uint8Array.from({ length: count }, (_, row) => Math.floor((row / count) * 4));
    const quadrants = Array.from({ length: 40 }, (_, row) => (row * 7) % 4);
    const test = { features: onCircle(quadrants.map((quadrant) => (quadrant + 0.4) / 4)), dim: 2 };
    const train = { features, dim: 2, labels };
    expect([...(await nearestNeighbourCells({ train, test, classCount: 4 }))]).toEqual(quadrants);
  });

  it('selects on the host what top-k selects on the backend', async () => {
    const random = new RandomStream(6);
    const values = Float32Array.from({ length: 9 * 31 }, () => random.normal());
    const expected = tf.tidy(() => tf.topk(tf.tensor2d(values, [9, 31]), 8));
    const selected = selectOnHost(values, 31, 8);
    expect([...Array.from(selected.values)]).toEqual([...(await expected.values.data())]);
    expect([...Array.from(selected.indices)]).toEqual([...(await expected.indices.data())]);
    tf.dispose([expected.values, expected.indices]);
  });
});

describe('without top-k', () => {
  it('gives the same labels', async () => {
    const input = randomCase(8, 7);
    const kernel = tf.getKernel('TopK', tf.getBackend());
    tf.unregisterKernel('TopK', tf.getBackend());
    try {
      expect([...(await nearestNeighbourCells(input))]).toEqual(naive(input));
    } finally {
      tf.registerKernel(kernel);
    }
  });
});
