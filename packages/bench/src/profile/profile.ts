import { writeFile } from 'node:fs/promises';
import { PixconError } from '@pixcon/core';
import { type MeasureRequest, versions } from '../measure.ts';
import { startRequested } from '../start-requested.ts';
import { prepare } from '../workloads/prepare.ts';
import { chromeTrace } from './chrome-trace.ts';
import { recordKernels } from './record-kernels.ts';
import { Recorder } from './recorder.ts';
import { type ProfileSummary, summarize } from './summary.ts';

export interface ProfileRequest extends MeasureRequest {
  /** The Chrome trace to write. */
  readonly traceFile: string;
}

/** Backends whose kernels are done when their call returns; of the others a clock sees only the queueing. */
const synchronous: readonly string[] = ['tensorflow', 'wasm', 'cpu'];

const warmUpSteps = 2;

/**
 * Profiles a workload in this process and writes its trace.
 *
 * @throws PixconError `invalid-argument` on a backend that computes asynchronously
 */
export async function profile(request: ProfileRequest): Promise<ProfileSummary> {
  const { workload, sizes, steps, folders, traceFile } = request;
  if (!synchronous.includes(request.backend)) {
    throw new PixconError(
      'invalid-argument',
      `--profile needs a backend that computes within the call (${synchronous.join(', ')}), got ${request.backend}`,
    );
  }
  const started = await startRequested(request);
  const recorder = new Recorder();
  const work = prepare(sizes, folders, recorder);
  for (let i = 0; i < warmUpSteps; i++) await work.step();
  recorder.clear();
  const stop = recordKernels(recorder);
  try {
    for (let i = 0; i < steps; i++) await work.step();
  } finally {
    stop();
  }
  work.dispose();
  const trace = chromeTrace(recorder, { workload, ...versions(started.description) });
  await writeFile(traceFile, JSON.stringify(trace));
  return summarize(recorder, steps);
}
