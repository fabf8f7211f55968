import type { Spread } from './measurement.ts';
import { median, spreadOf } from './statistics.ts';

export interface StepTimes {
  /** Median wall time, in seconds. */
  readonly wall: number;
  readonly wallSpread: Spread;
  /** Median processor time of all threads, in seconds. */
  readonly cpu: number;
  readonly cpuSpread: Spread;
}

/**
 * Times `steps` calls of `step` after `warmUp` more that do not count. `step` resolves when its work is done, not
 * when it is queued.
 */
export async function timeSteps(
  step: () => Promise<void>,
  steps: number,
  warmUp: number,
): Promise<StepTimes> {
  for (let i = 0; i < warmUp; i++) await step();
  const walls: number[] = [];
  const cpus: number[] = [];
  for (let i = 0; i < steps; i++) {
    const cpuBefore = process.cpuUsage();
    const start = performance.now();
    await step();
    walls.push((performance.now() - start) / 1e3);
    const { user, system } = process.cpuUsage(cpuBefore);
    cpus.push((user + system) / 1e6);
  }
  return { wall: median(walls), wallSpread: spreadOf(walls), cpu: median(cpus), cpuSpread: spreadOf(cpus) };
}
