import { fileURLToPath } from 'node:url';
import { PixconError } from '@pixcon/core';
import type { MeasureRequest } from './measure.ts';
import type { Measurement } from './measurement.ts';
import type { PointwiseLayer, PointwiseTimes } from './pointwise.ts';
import type { ProfileRequest } from './profile/profile.ts';
import type { ProfileSummary } from './profile/summary.ts';
import { jsonLine, runProcess } from './run-process.ts';

/** Measures in a process of its own, so that its peak memory is this workload's alone. */
export async function runOurs(request: MeasureRequest): Promise<Measurement> {
  return await runChild<Measurement>(request.workload, request);
}

/** Profiles in a process of its own. */
export async function runProfile(request: ProfileRequest): Promise<ProfileSummary> {
  return await runChild<ProfileSummary>(request.workload, request);
}

/** Times a layer with a 1×1 filter in a process of its own, which TensorFlow's convolution may end. */
export async function runPointwise(layer: PointwiseLayer): Promise<PointwiseTimes> {
  return await runChild<PointwiseTimes>('this layer', layer);
}

async function runChild<Result>(who: string, request: object): Promise<Result> {
  // From the repository's root, where tsx is installed.
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  // As users run it, what is built; in tests, the source.
  const built = import.meta.url.endsWith('.js');
  const source = fileURLToPath(new URL('./child.ts', import.meta.url));
  const child = built ? source.replace(/ts$/, 'js') : source;
  const options = [...(built ? [] : ['--conditions=@pixcon/source', '--import', 'tsx']), child];
  const result = await runProcess(process.execPath, [...options, JSON.stringify(request)], root);
  if (result) return jsonLine(who, result);
  throw new PixconError('data', `${who}: ${process.execPath} was not found`);
}
