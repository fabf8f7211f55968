import { median } from '../statistics.ts';
import { prepare } from '../workloads/prepare.ts';
import type { WorkloadSizes } from '../workloads/workload.ts';
import { countDispatches } from './count-dispatches.ts';

/** Until buffers and all that is kept for them come again. */
const warmUpSteps = 10;
const steps = 20;

/**
 * What a step takes on WebGPU when nothing is computed: JavaScript, and the calls that queue its shaders. A device that
 * computes faster than that waits for the host.
 *
 * @returns median seconds per step
 */
export async function hostSecondsPerStep(sizes: WorkloadSizes, folders: readonly string[]): Promise<number> {
  const work = prepare(sizes, folders);
  const silent = countDispatches(() => undefined, 'dry');
  const seconds: number[] = [];
  try {
    for (let i = 0; i < warmUpSteps + steps; i++) {
      const start = performance.now();
      await work.step();
      if (i >= warmUpSteps) seconds.push((performance.now() - start) / 1e3);
    }
  } finally {
    await silent.stop();
  }
  work.dispose();
  return median(seconds);
}
