import { expect, it } from 'vitest';
import { HealthMonitor, type HealthReading } from './health.ts';

const healthy: HealthReading = { step: 0, loss: 5, chance: 8, featureDeviation: 0.9, queueIsFull: true };

/** The steps at which it warned. */
function warnings(monitor: HealthMonitor, readings: readonly Partial<HealthReading>[]): number[] {
  return readings.flatMap((reading, step) =>
    monitor.read({ ...healthy, ...reading, step }) === undefined ? [] : [step],
  );
}
const times = (count: number, reading: Partial<HealthReading>) =>
  Array.from({ length: count }, () => reading);

it('says nothing of a healthy run, nor of one without the figures', () => {
  expect(warnings(new HealthMonitor(), times(100, {}))).toEqual([]);
  const monitor = new HealthMonitor();
  for (let step = 0; step < 100; step++)
    expect(monitor.read({ step, loss: 8, queueIsFull: true })).toBeUndefined();
});

it('tells of a collapse at the third reading, once, and again if it comes back', () => {
  const flat = times(10, { featureDeviation: 0.02 });
  expect(warnings(new HealthMonitor(), [...flat, {}, ...flat])).toEqual([2, 13]);
  const blinking = times(20, {}).map((_, i) => (i % 3 === 2 ? {} : { featureDeviation: 0.02 }));
  expect(warnings(new HealthMonitor(), blinking)).toEqual([]);
  expect(
    [1, 2, 3].map((step) => new HealthMonitor().read({ ...healthy, step, featureDeviation: 0.02 })),
  ).toEqual([undefined, undefined, undefined]);
});

it('tells of a loss that stays at chance, but not while the queue fills', () => {
  expect(warnings(new HealthMonitor(), times(60, { loss: 8.01 }))).toEqual([19]);
  expect(warnings(new HealthMonitor(), times(60, { loss: 8.01, queueIsFull: false }))).toEqual([]);
  expect(warnings(new HealthMonitor(), times(60, { loss: 7.9 }))).toEqual([]);
});

it('says what to do', () => {
  const monitor = new HealthMonitor();
  const told = [0, 1, 2].map((step) => monitor.read({ ...healthy, step, featureDeviation: 0.0213 }));
  expect(told[2]).toMatch(/^step 2: .*standard deviation 0\.021.*collapsed; lower the learning rate/);
});
