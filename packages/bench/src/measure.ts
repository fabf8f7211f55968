import type { BackendName } from '@pixcon/backend';
import * as tf from '@tensorflow/tfjs-core';
import type { Measurement } from './measurement.ts';
import { extraRssMiB, peakRssMiB } from './memory.ts';
import { startRequested } from './start-requested.ts';
import { type StepTimes, timeSteps } from './time-steps.ts';
import { prepare } from './workloads/prepare.ts';
import type { WorkloadSizes } from './workloads/workload.ts';

/** What a process of its own measures: plain JSON. */
export interface MeasureRequest {
  readonly workload: string;
  readonly sizes: WorkloadSizes;
  readonly backend: BackendName;
  /** Of wasm. Default: as many as run at once here. */
  readonly threads?: number;
  /** Stock kernels instead of ours: on wasm, on one thread, or on webgpu. */
  readonly stock?: boolean;
  readonly steps: number;
  /** Folders of images, for the workload `data`. */
  readonly folders: readonly string[];
}

/** As the peer: the first step is not counted. */
const warmUpSteps = 1;

/** Runs a workload in this process, whose peak memory becomes the workload's. */
export async function measure(request: MeasureRequest): Promise<Measurement> {
  const { sizes, steps, folders } = request;
  const started = await startRequested(request);
  const work = prepare(sizes, folders);
  let times: StepTimes | undefined;
  const run = async () => {
    times = await timeSteps(work.step, steps, warmUpSteps);
  };
  const extraMiB = sizes.kind === 'loss' ? await extraRssMiB(run) : void (await run());
  work.dispose();
  const { numBytesAllocatedInGPU: deviceBytes } = tf.memory() as { numBytesAllocatedInGPU?: number };
  const { wall, wallSpread, cpu, cpuSpread } = times as unknown as StepTimes;
  const perCore = sizes.kind === 'data';
  const secondsPerStep = perCore ? cpu : wall;
  return {
    secondsPerStep,
    imagesPerSecond: sizes.batchSize / secondsPerStep,
    peakRssMiB: peakRssMiB(),
    ...(extraMiB === undefined ? {} : { extraMiB }),
    ...(deviceBytes === undefined ? {} : { peakDeviceMiB: deviceBytes / 2 ** 20 }),
    backend: started.name,
    versions: versions(started.description),
    spread: perCore ? cpuSpread : wallSpread,
    steps,
    cpuSecondsPerStep: cpu,
    ...(perCore ? { wallSecondsPerStep: wall } : {}),
  };
}

export function versions(backend: string): Readonly<Record<string, string>> {
  return { backend, tfjs: tf.version_core, node: process.version };
}
