import { expect, it } from 'vitest';
import { HealthMonitor, type HealthReading } from './health.ts';

type Scalars = Readonly<Record<string, number>>;
const healthy = { loss: 5, featureDeviation: 0.9, image: 3.1, dense: 1.9 };
const total: HealthReading['chance'] = { total: 8, terms: {} };

const read = (monitor: HealthMonitor, scalars: Scalars, rest: Partial<HealthReading> = {}) =>
  monitor.read({
    record: { step: 0, ...healthy, ...scalars },
    chance: total,
    queueIsFull: true,
    ...rest,
  });

/** The steps at which it warned. */
function warnings(
  monitor: HealthMonitor,
  readings: readonly Scalars[],
  rest: Partial<HealthReading> = {},
): number[] {
  return readings.flatMap((scalars, step) =>
    read(monitor, { ...scalars, step }, rest).length === 0 ? [] : [step],
  );
}
const times = (count: number, scalars: Scalars) => Array.from({ length: count }, () => scalars);

it('says nothing of a healthy run, nor of one without the figures', () => {
  expect(warnings(new HealthMonitor(), times(100, {}))).toEqual([]);
  const monitor = new HealthMonitor();
  for (let step = 0; step < 100; step++)
    expect(
      monitor.read({
        record: { step, loss: 8 },
        chance: { total: undefined, terms: {} },
        queueIsFull: true,
      }),
    ).toEqual([]);
});

it('tells of a collapse at the third reading, once, and again if it comes back', () => {
  const flat = times(10, { featureDeviation: 0.02 });
  expect(warnings(new HealthMonitor(), [...flat, {}, ...flat])).toEqual([2, 13]);
  const blinking = times(20, {}).map((_, i) => (i % 3 === 2 ? {} : { featureDeviation: 0.02 }));
  expect(warnings(new HealthMonitor(), blinking)).toEqual([]);
  expect([1, 2, 3].flatMap((step) => read(new HealthMonitor(), { step, featureDeviation: 0.02 }))).toEqual(
    [],
  );
});

it('tells of a loss that stays at chance, but not while the queue fills', () => {
  expect(warnings(new HealthMonitor(), times(60, { loss: 8.01 }))).toEqual([19]);
  expect(warnings(new HealthMonitor(), times(60, { loss: 8.01 }), { queueIsFull: false })).toEqual([]);
  expect(warnings(new HealthMonitor(), times(60, { loss: 7.9 }))).toEqual([]);
});

it('tells of a term that stays at its chance level, however low the loss is', () => {
  const chance = { total: 7, terms: { image: 3.5, dense: 3.5 } };
  const monitor = new HealthMonitor();
  const told = times(40, { loss: 5.15, image: 3.49, dense: 1.66 }).flatMap((scalars, step) =>
    read(monitor, { ...scalars, step }, { chance }),
  );
  expect(told).toEqual([
    'step 19: the image term of the loss has stayed at chance level (3.50) since the queue filled: nothing is being learned from it; raise the learning rate or check the images',
  ]);
  expect(warnings(new HealthMonitor(), times(40, { image: 3.41, dense: 1.66 }), { chance })).toEqual([]);
  // A term without weight has none.
  const alone = { total: 7, terms: { image: 0, dense: 7 } };
  expect(warnings(new HealthMonitor(), times(40, { image: 0, dense: 3 }), { chance: alone })).toEqual([]);
  const both = { image: 3.5, dense: 3.5 };
  expect(warnings(new HealthMonitor(), times(40, both), { chance })).toEqual([19]);
});

it('says what to do', () => {
  const monitor = new HealthMonitor();
  const told = [0, 1, 2].flatMap((step) => read(monitor, { step, featureDeviation: 0.0213 }));
  expect(told).toHaveLength(1);
  expect(told[0]).toMatch(/^step 2: .*standard deviation 0\.021.*collapsed; lower the learning rate/);
});
