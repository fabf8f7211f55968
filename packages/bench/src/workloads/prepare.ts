import type { Recorder } from '../profile/recorder.ts';
import { dataWork } from './data-work.ts';
import { lossWork } from './loss-work.ts';
import { stepWork } from './step-work.ts';
import type { Work } from './work.ts';
import type { WorkloadSizes } from './workload.ts';

/** Sets a workload up on the running backend. The recorder hears of the phases of each step. */
export function prepare(sizes: WorkloadSizes, folders: readonly string[], recorder?: Recorder): Work {
  switch (sizes.kind) {
    case 'step':
      return stepWork(sizes, recorder);
    case 'loss':
      return lossWork(sizes, recorder);
    case 'data':
      return dataWork(sizes, folders, recorder);
  }
}
