import { describe, expect, it } from 'vitest';
import { compare, type Measurement } from '../src/index.ts';
import { resultLines } from '../src/result-lines.ts';
import { ChildFailure } from '../src/run-process.ts';
import { median, spreadOf } from '../src/statistics.ts';

const measurement = (secondsPerStep: number, more: Partial<Measurement> = {}): Measurement => ({
  secondsPerStep,
  imagesPerSecond: 4 / secondsPerStep,
  peakRssMiB: 100,
  backend: 'cpu',
  versions: { node: 'v20' },
  steps: 5,
  ...more,
});

/** Gives the measurements one after the other and notes who was asked. */
function fake(name: string, measurements: readonly Measurement[], order: string[]) {
  const left = [...measurements];
  return () => {
    order.push(name);
    return Promise.resolve(left.shift() as Measurement);
  };
}

describe('memory of the device', () => {
  it('is compared where both tell', async () => {
    const runs = (peakDeviceMiB: number | undefined) => () =>
      Promise.resolve(measurement(1, peakDeviceMiB === undefined ? {} : { peakDeviceMiB }));
    const both = await compare('step-r18', { ours: runs(300), peer: runs(600), rounds: 1 });
    expect(both.ratio?.deviceMemory).toBe(0.5);
    expect(resultLines(both).join()).toMatch(/300 MiB on the device.*device memory 0\.50/);
    const one = await compare('step-r18', { ours: runs(300), peer: runs(undefined), rounds: 1 });
    expect(one.ratio).not.toHaveProperty('deviceMemory');
  });
});

describe('median', () => {
  it('is the middle value, whatever the order', () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([7])).toBe(7);
    expect(median([10, 2, 100])).toBe(10);
  });

  it('is the mean of the two in the middle of an even count', () => {
    expect(median([4, 1, 100, 2])).toBe(3);
  });

  it('leaves its input alone and refuses an empty list', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).toEqual([3, 1, 2]);
    expect(() => median([])).toThrow('at least one value');
  });
});

it('spreadOf gives the extremes', () => {
  expect(spreadOf([3, 1, 2])).toEqual({ minimum: 1, maximum: 3 });
});

describe('compare', () => {
  it('keeps ours where the peer dies, which is asked no more', async () => {
    const order: string[] = [];
    const peer = () => {
      order.push('B');
      return Promise.reject(new ChildFailure('the peer of loss was killed by SIGKILL'));
    };
    const ours = fake('A', [measurement(1), measurement(3)], order);
    const result = await compare('loss', { ours, peer, rounds: 2 });
    expect(order).toEqual(['A', 'B', 'A']);
    expect(result).toMatchObject({
      secondsPerStep: 2,
      failures: ['the peer of loss was killed by SIGKILL'],
    });
    expect(result).not.toHaveProperty('ratio');
    expect(resultLines(result)).toHaveLength(1);
  });

  it('alternates and gives ratios of medians, ours over the peer', async () => {
    const order: string[] = [];
    const result = await compare('loss', {
      ours: fake('A', [measurement(1), measurement(9), measurement(2, { peakRssMiB: 300 })], order),
      peer: fake('B', [measurement(4, { peakRssMiB: 200 }), measurement(5), measurement(3)], order),
      rounds: 3,
    });
    expect(order).toEqual(['A', 'B', 'A', 'B', 'A', 'B']);
    expect(result.secondsPerStep).toBe(2);
    expect(result.peer?.secondsPerStep).toBe(4);
    expect(result.ratio).toEqual({ time: 0.5, memory: 1 });
    expect(result).toMatchObject({ workload: 'loss', rounds: 3, steps: 15 });
  });

  it('covers every step by the spread, and a round by its median where the peer tells no more', async () => {
    const result = await compare('loss', {
      ours: fake(
        'A',
        [
          measurement(2, { spread: { minimum: 1, maximum: 3 } }),
          measurement(4, { spread: { minimum: 0.5, maximum: 5 } }),
        ],
        [],
      ),
      peer: fake('B', [measurement(6), measurement(8)], []),
      rounds: 2,
    });
    expect(result.spread).toEqual({ minimum: 0.5, maximum: 5 });
    expect(result.peer?.spread).toEqual({ minimum: 6, maximum: 8 });
  });

  it('keeps images per second in line with seconds per step', async () => {
    const result = await compare('step-r18', {
      ours: fake('A', [measurement(1), measurement(3)], []),
      rounds: 2,
    });
    expect(result.secondsPerStep).toBe(2);
    expect(result.imagesPerSecond).toBeCloseTo(2, 10);
  });

  it('compares the extra memory where both tell it', async () => {
    const result = await compare('loss', {
      ours: fake('A', [measurement(1, { extraMiB: 50 })], []),
      peer: fake('B', [measurement(1, { extraMiB: 1000 })], []),
      rounds: 1,
    });
    expect(result.ratio?.extraMemory).toBe(0.05);
    expect(resultLines(result).join('\n')).toMatch(/\+50 MiB by the work[\s\S]*extra memory 0\.05/);
  });

  it('compares with stock kernels beside the peer', async () => {
    const order: string[] = [];
    const result = await compare('wasm-r18', {
      ours: fake(
        'A',
        [measurement(1, { cpuSecondsPerStep: 2 }), measurement(1, { cpuSecondsPerStep: 2 })],
        order,
      ),
      peer: fake('B', [measurement(2), measurement(2)], order),
      stock: fake(
        'C',
        [measurement(4, { cpuSecondsPerStep: 5 }), measurement(4, { cpuSecondsPerStep: 5 })],
        order,
      ),
      rounds: 2,
    });
    expect(order).toEqual(['A', 'B', 'C', 'A', 'B', 'C']);
    expect(result.ratio).toEqual({ time: 0.5, memory: 1 });
    expect(result.stockRatio).toEqual({ time: 0.25, cpuTime: 0.4, memory: 1 });
    expect(result.stock?.secondsPerStep).toBe(4);
    expect(resultLines(result).join('\n')).toMatch(
      /stock {2}4\.00 s[\s\S]*time 0\.25 {2}processor time 0\.40/,
    );
  });

  it('has no peer and no ratio without one', async () => {
    const result = await compare('loss', { ours: fake('A', [measurement(1)], []), rounds: 1 });
    expect(result).not.toHaveProperty('peer');
    expect(result).not.toHaveProperty('ratio');
    expect(resultLines(result)).toHaveLength(1);
  });

  it('reports a run that fails', async () => {
    const ours = () => Promise.reject(new Error('loss ended with exit code 1'));
    await expect(compare('loss', { ours, rounds: 2 })).rejects.toThrow('exit code 1');
  });
});
