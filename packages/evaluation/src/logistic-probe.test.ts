import { readFileSync } from 'node:fs';
import { RandomStream } from '@pixcon/core';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import { describe, expect, it } from 'vitest';
import { LogisticObjective } from './logistic-objective.ts';
import { logisticProbe, probeLogits } from './logistic-probe.ts';
import { minimize } from './minimize.ts';

extendExpect();

interface Fixture {
  readonly dim: number;
  readonly classes: number;
  readonly features: readonly number[];
  readonly deviation: readonly number[];
  readonly labels: readonly number[];
  readonly weights: readonly number[];
  readonly cases: readonly { penalty: number; probabilities: number[]; weight: number[] }[];
}

const golden = JSON.parse(
  readFileSync(new URL('../test/fixtures/logistic.json', import.meta.url), 'utf8'),
) as Fixture;

function oneHot(labels: readonly number[], classes: number, weights?: readonly number[]): Float32Array {
  const targets = new Float32Array(labels.length * classes);
  for (const [row, label] of labels.entries()) targets[row * classes + label] = weights?.[row] ?? 1;
  return targets;
}

function softmax(logits: Float32Array, classes: number): number[] {
  return [...logits.keys()].map((at) => {
    const row = logits.subarray(Math.floor(at / classes) * classes, (Math.floor(at / classes) + 1) * classes);
    return Math.exp(logits[at] as number) / row.reduce((sum, value) => sum + Math.exp(value), 0);
  });
}

/** Points around class centres, in `groups` images. */
function blobs(count: number, dim: number, classes: number, noise: number, seed = 1) {
  const random = new RandomStream(seed);
  const centres = Array.from({ length: classes * dim }, () => random.normal());
  const labels = Array.from({ length: count }, () => random.integer(0, classes));
  const features = Float32Array.from({ length: count * dim }, (_, at) => {
    const label = labels[Math.floor(at / dim)] as number;
    return (centres[label * dim + (at % dim)] as number) + noise * random.normal();
  });
  return { labels, rows: { features, dim, targets: oneHot(labels, classes) } };
}

describe('minimize', () => {
  it('finds the minimum of Rosenbrock’s function', async () => {
    const rosenbrock = (point: Float64Array) => {
      const [x, y] = point as unknown as [number, number];
      return Promise.resolve({
        value: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
        gradient: Float64Array.of(-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)),
      });
    };
    const { point, converged, iterations, value } = await minimize(rosenbrock, Float64Array.of(-1.2, 1), {
      tolerance: 1e-9,
    });
    expect([...point]).toBeAllClose([1, 1], { absolute: 1e-8 });
    expect([converged, value < 1e-16, iterations < 60]).toEqual([true, true, true]);
  });

  it('solves an ill-conditioned quadratic, and says when it did not get there', async () => {
    const sizes = Array.from({ length: 20 }, (_, at) => 10 ** (at / 8));
    const quadratic = async (point: Float64Array) => ({
      value: point.reduce((sum, x, at) => sum + ((sizes[at] as number) * (x - at) ** 2) / 2, 0),
      gradient: point.map((x, at) => (sizes[at] as number) * (x - at)),
    });
    const full = await minimize(quadratic, new Float64Array(20), { tolerance: 1e-8 });
    expect([...full.point]).toBeAllClose(
      sizes.map((_, at) => at),
      { absolute: 1e-7 },
    );
    const short = await minimize(quadratic, new Float64Array(20), { tolerance: 1e-8, maximumIterations: 3 });
    expect([short.converged, short.iterations]).toEqual([false, 3]);
    expect(short.gradientNorm).toBeGreaterThan(1e-8);
  });

  it('stays at a minimum, and gives up where nothing goes down', async () => {
    const flat = await minimize(
      async () => ({ value: 3, gradient: new Float64Array(2) }),
      Float64Array.of(5, 6),
    );
    expect([flat.converged, flat.iterations, [...flat.point]]).toEqual([true, 0, [5, 6]]);
    // A gradient that is wrong: every step goes up.
    const wrong = await minimize(
      async (point) => ({ value: point[0] as number, gradient: Float64Array.of(-1) }),
      Float64Array.of(0),
    );
    expect([wrong.converged, wrong.iterations]).toEqual([false, 0]);
  });
});

describeBackends('logisticProbe', () => {
  it.each(golden.cases)(
    'agrees with scikit-learn, penalty $penalty',
    async ({ penalty, probabilities, weight }) => {
      const { dim, classes: classCount } = golden;
      const features = Float32Array.from(golden.features);
      const targets = oneHot(golden.labels, classCount, golden.weights);
      const probe = await logisticProbe({ features, dim, targets }, { classCount, penalty, tolerance: 1e-6 });
      expect(probe.converged).toBe(true);
      expect(softmax(await probeLogits(probe, features), classCount)).toBeAllClose(probabilities, {
        absolute: 3e-4,
      });
      const scaled = [...probe.weight].map(
        (value, at) => value * (golden.deviation[Math.floor(at / classCount)] as number),
      );
      expect(scaled).toBeAllClose(weight, { absolute: 2e-3 });
    },
  );

  it('has the gradient of its value', async () => {
    const { rows } = blobs(30, 3, 3, 1);
    const objective = new LogisticObjective(rows.features, 3, rows.targets, 3);
    const random = new RandomStream(4);
    const rowWeights = Float32Array.from({ length: 30 }, () => random.integer(0, 2));
    const point = Float64Array.from({ length: 12 }, () => random.normal());
    const { gradient } = await objective.evaluate(point, rowWeights, 0.2);
    for (const at of point.keys()) {
      const value = async (shift: number) => {
        const moved = Float64Array.from(point);
        moved[at] = (moved[at] as number) + shift;
        return (await objective.evaluate(moved, rowWeights, 0.2)).value;
      };
      const slope = ((await value(1e-2)) - (await value(-1e-2))) / 2e-2;
      expect(Math.abs(slope - (gradient[at] as number))).toBeLessThan(2e-4);
    }
    objective.dispose();
  });

  it('gives log odds by hand where one feature says all', async () => {
    // Soft targets of one binary feature: without a penalty each side gets its own frequency.
    const features = Float32Array.of(0, 0, 1, 1);
    const targets = Float32Array.of(1, 0, 0, 1, 2, 0, 1, 1);
    const probe = await logisticProbe(
      { features, dim: 1, targets },
      { classCount: 2, penalty: 0, tolerance: 1e-7 },
    );
    const logits = await probeLogits(probe, Float32Array.of(0, 1));
    const odds = (row: number) => Math.exp((logits[row * 2] as number) - (logits[row * 2 + 1] as number));
    expect([odds(0), odds(1)]).toBeAllClose([1, 3], { absolute: 1e-3 });
  });

  it('depends neither on the scale of a feature nor on copies of rows', async () => {
    const { rows } = blobs(60, 4, 3, 1.5);
    const options = { classCount: 3, penalty: 0.01, tolerance: 1e-6 };
    const plain = await logisticProbe(rows, options);
    const features = rows.features.map((value, at) => (at % 4 === 2 ? 50 * value + 7 : value));
    const moved = await logisticProbe({ ...rows, features }, options);
    expect(await probeLogits(moved, features)).toBeAllClose([...(await probeLogits(plain, rows.features))], {
      absolute: 5e-3,
    });
    const twice = (values: Float32Array) => Float32Array.from([...values, ...values]);
    const doubled = await logisticProbe(
      { features: twice(rows.features), dim: 4, targets: twice(rows.targets) },
      options,
    );
    expect(doubled.weight).toBeAllClose([...plain.weight], { absolute: 2e-3 });
  });

  it('chooses a strong penalty for noise and a weak one for signal, by whole groups', async () => {
    const noise = blobs(80, 20, 2, 30);
    const chosen = await logisticProbe(noise.rows, { classCount: 2 });
    expect(chosen.penalty).toBeGreaterThanOrEqual(0.1);
    const clear = blobs(300, 5, 3, 0.2);
    const fitted = await logisticProbe(clear.rows, { classCount: 3 });
    expect(fitted.penalty).toBeLessThanOrEqual(1e-3);
    expect(fitted.heldOut.map(({ penalty }) => penalty).slice(0, 3)).toEqual([1, 0.1, 0.01]);
    const least = Math.min(...fitted.heldOut.map(({ loss }) => loss));
    expect(fitted.heldOut.find(({ loss }) => loss === least)?.penalty).toBe(fitted.penalty);

    // Each row five times: only if its copies are held out with it does the search see the noise.
    const five = (values: Float32Array, width: number) =>
      Float32Array.from(
        { length: values.length * 5 },
        (_, at) => values[Math.floor(at / width / 5) * width + (at % width)] as number,
      );
    const copies = { features: five(noise.rows.features, 20), dim: 20, targets: five(noise.rows.targets, 2) };
    const groups = Int32Array.from({ length: 400 }, (_, row) => Math.floor(row / 5));
    const grouped = await logisticProbe({ ...copies, groups }, { classCount: 2 });
    const loose = await logisticProbe(copies, { classCount: 2 });
    expect(grouped.penalty).toBeGreaterThanOrEqual(0.1);
    expect(loose.penalty).toBeLessThan(grouped.penalty);
  });

  it('leaves out classes without a row, and features that never change', async () => {
    const { labels, rows } = blobs(60, 3, 2, 0.5);
    const targets = oneHot(
      labels.map((label) => (label === 0 ? 1 : 4)),
      6,
    );
    const features = rows.features.map((value, at) => (at % 3 === 1 ? 0.1 : value));
    const probe = await logisticProbe({ features, dim: 3, targets }, { classCount: 6, penalty: 0.01 });
    expect(probe.classes).toEqual([1, 4]);
    expect([...probe.weight.subarray(2, 4)]).toEqual([0, 0]);
    const logits = await probeLogits(probe, features);
    expect(logits).toHaveLength(120);
    expect(logits.every(Number.isFinite)).toBe(true);
  });

  it('copes with a class that only held-out rows have, and with one group', async () => {
    const { rows, labels } = blobs(40, 2, 2, 0.5);
    const three = oneHot(
      labels.map((label, row) => (row === 0 ? 2 : label)),
      3,
    );
    for (let seed = 0; seed < 4; seed++) {
      const probe = await logisticProbe({ ...rows, targets: three }, { classCount: 3, seed });
      expect(probe.heldOut.every(({ loss }) => Number.isFinite(loss))).toBe(true);
    }
    const single = await logisticProbe({ ...rows, groups: new Int32Array(40) }, { classCount: 2 });
    expect([single.heldOut, single.penalty]).toEqual([[], 1e-3]);
  });

  it('says when it did not converge, leaks nothing, and refuses what does not fit', async () => {
    const { rows } = blobs(50, 4, 3, 1);
    const short = await logisticProbe(rows, {
      classCount: 3,
      penalty: 1e-6,
      maximumIterations: 2,
      tolerance: 1e-9,
    });
    expect([short.converged, short.iterations]).toEqual([false, 2]);
    await expectNoLeaks(() => logisticProbe(rows, { classCount: 3 }));
    const probe = await logisticProbe(rows, { classCount: 3, penalty: 1 });
    await expectNoLeaks(() => probeLogits(probe, rows.features));
    await expect(probeLogits(probe, new Float32Array(7))).rejects.toThrow('rows of 4 values, got 7');
    await expect(logisticProbe({ ...rows, dim: 3 }, { classCount: 3 })).rejects.toThrow(
      'expected rows of 3 features',
    );
    await expect(logisticProbe(rows, { classCount: 1 })).rejects.toThrow('classCount');
    await expect(logisticProbe(rows, { classCount: 3, penalty: -1 })).rejects.toThrow('penalty');
    const alone = { ...rows, targets: oneHot(new Array(50).fill(1), 3) };
    await expect(logisticProbe(alone, { classCount: 3 })).rejects.toThrow('got class 1 alone');
  });
});
