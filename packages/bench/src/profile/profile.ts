import { writeFile } from 'node:fs/promises';
import { type MeasureRequest, versions } from '../measure.ts';
import { startRequested } from '../start-requested.ts';
import { prepare } from '../workloads/prepare.ts';
import { chromeTrace } from './chrome-trace.ts';
import { countDispatches } from './count-dispatches.ts';
import { summarizeDispatches } from './dispatch-summary.ts';
import { hostSecondsPerStep } from './host-time.ts';
import { recordKernels } from './record-kernels.ts';
import { Recorder } from './recorder.ts';
import { type ProfileSummary, summarize } from './summary.ts';

export interface ProfileRequest extends MeasureRequest {
  /** The Chrome trace to write. */
  readonly traceFile: string;
}

/** Adapters that compute on the processor, by their description. */
const softwareAdapter = /swiftshader|llvmpipe|lavapipe|basic render|\bwarp\b/i;

const warmUpSteps = 2;

/**
 * Profiles a workload in this process and writes its trace.
 *
 * On WebGPU a call only queues its kernel, so kernels are counted instead, with their arithmetic and bytes, and timed
 * by the device's own clock; a software adapter counts without computing.
 */
export async function profile(request: ProfileRequest): Promise<ProfileSummary> {
  const { workload, sizes, steps, folders, traceFile } = request;
  const started = await startRequested(request);
  const recorder = new Recorder();
  const adapter = started.name === 'webgpu' ? started.description : undefined;
  const dry = adapter !== undefined && softwareAdapter.test(adapter);
  const counter =
    adapter === undefined ? undefined : countDispatches(() => recorder.currentPhase, dry ? 'dry' : 'timed');
  let allocated = 0;
  const work = prepare(sizes, folders, recorder);
  try {
    for (let i = 0; i < warmUpSteps; i++) await work.step();
    recorder.clear();
    counter?.clear();
    const stop = recordKernels(recorder);
    try {
      for (let i = 0; i < steps; i++) await work.step();
    } finally {
      stop();
    }
    allocated = counter?.allocatedBytes() ?? 0;
  } finally {
    await counter?.stop();
  }
  work.dispose();
  const trace = chromeTrace(recorder, { workload, ...versions(started.description) });
  await writeFile(traceFile, JSON.stringify(trace));
  const summary = summarize(recorder, steps);
  if (!counter || adapter === undefined) return summary;
  const dispatches = summarizeDispatches(counter.dispatches, steps);
  return {
    ...summary,
    dispatches: {
      ...dispatches,
      ran: !dry,
      adapter,
      allocatedMebibytes: allocated / 2 ** 20,
      hostSeconds: await hostSecondsPerStep(sizes, folders),
    },
  };
}
