import { expect, it } from 'vitest';
import { Throughput } from './throughput.ts';

it('is 0 before the first step, then the mean of the last twenty', () => {
  let now = 1000;
  const throughput = new Throughput(8, () => now);
  expect([throughput.imagesPerSecond, throughput.secondsFor(10)]).toEqual([0, 0]);
  now += 4000;
  throughput.tick();
  expect([throughput.imagesPerSecond, throughput.secondsFor(10)]).toEqual([2, 40]);
  for (let step = 0; step < 20; step++) {
    now += 500;
    throughput.tick();
  }
  expect(throughput.imagesPerSecond).toBe(16);
  expect(throughput.secondsFor(4)).toBe(2);
  expect(throughput.secondsFor(0)).toBe(0);
});
