import { fromFileLayout, type HostTensor } from '@pixcon/checkpoints';
import type { MethodState, ParameterSet, ParameterSpec } from '@pixcon/core';
import type * as tf from '@tensorflow/tfjs-core';
import type { GoldenMethod } from './families/golden-method.ts';
import type { GoldenFile } from './golden-file.ts';
import { type NamePrefixes, ourName } from './parameter-names.ts';

/** Limits of what counts as agreement. */
export const tolerances = {
  firstLoss: 1e-5,
  losses: 1e-3,
  /** Share of the tensor's largest entry, plus the floor. */
  gradients: 1e-3,
  gradientFloor: 1e-6,
  weights: 1e-5,
  /**
   * Queues and first convolutions after the last step. Rounding has been amplified a thousandfold by then; this
   * finds a wrong view, order, momentum or decay, each of which is off by far more.
   */
  final: 0.1,
} as const;

export async function compareGradients(
  gradients: ReadonlyMap<string, tf.Tensor>,
  parameters: ParameterSet,
  prefixes: NamePrefixes,
  tensors: GoldenFile['tensors'],
  failures: string[],
): Promise<number> {
  let worst = 0;
  const specs = new Map(parameters.specs.map((spec) => [spec.name, spec]));
  for (const [key, tensor] of tensors) {
    if (!key.startsWith('step0/grad/')) continue;
    const name = ourName(key.slice('step0/grad/'.length), prefixes);
    const spec = specs.get(name ?? '');
    const gradient = gradients.get(name ?? '');
    if (!spec || !gradient) {
      failures.push(`step 0: there is no gradient of ${key.slice('step0/grad/'.length)}`);
      continue;
    }
    const expected = inMemory(spec, tensor);
    const { difference, largest } = compareArrays(await gradient.data(), expected);
    // Below the floor a gradient is zero up to rounding, and a relative error means nothing.
    worst = Math.max(
      worst,
      Math.max(0, difference - tolerances.gradientFloor) / Math.max(largest, Number.MIN_VALUE),
    );
    if (!(difference <= tolerances.gradients * largest + tolerances.gradientFloor)) {
      failures.push(
        `step 0: the gradient of ${spec.name} is off by ${difference.toExponential(1)}, its largest entry being ${largest.toExponential(1)}`,
      );
    }
  }
  return worst;
}

export async function compareMatch(
  match: { index: tf.Tensor; weight: tf.Tensor },
  tensors: GoldenFile['tensors'],
  failures: string[],
): Promise<void> {
  const index = tensors.get('step0/match12');
  if (index) {
    const actual = await match.index.data();
    const wrong = Array.from(index.data as Int32Array).filter((value, i) => value !== actual[i]).length;
    if (wrong > 0) failures.push(`step 0: ${wrong} of ${actual.length} match indices differ`);
  }
  const weight = tensors.get('step0/sr_weights12');
  if (weight) {
    const { difference } = compareArrays(await match.weight.data(), weight.data as Float32Array);
    if (!(difference <= tolerances.weights))
      failures.push(`step 0: match weights are off by ${difference.toExponential(1)}`);
  }
}

/** Queues, pointers and first convolutions of both encoders after the last step. */
export async function compareFinal(
  { online, target, queues }: MethodState,
  golden: Pick<GoldenMethod, 'queues' | 'prefixes' | 'targetPrefix'>,
  tensors: GoldenFile['tensors'],
  failures: string[],
): Promise<void> {
  for (const [theirs, ours] of Object.entries(golden.queues)) {
    const queue = queues[ours];
    const expected = tensors.get(`final/${theirs}`);
    if (!queue || !expected) continue;
    const [dim, length] = expected.shape as [number, number];
    const keys = await queue.keys.data();
    const asInFile = Float32Array.from(
      { length: dim * length },
      (_, i) => keys[(i % length) * dim + Math.floor(i / length)] as number,
    );
    const { difference } = compareArrays(asInFile, expected.data as Float32Array);
    if (!(difference <= tolerances.final)) {
      failures.push(`at the end: the ${ours} queue is off by ${difference.toExponential(1)}`);
    }
    const pointer = tensors.get(`final/${theirs}_ptr`);
    if (pointer && Number(pointer.data[0]) !== queue.pointer) {
      failures.push(
        `at the end: the pointer of the ${ours} queue is ${queue.pointer}, expected ${pointer.data[0]}`,
      );
    }
  }
  const [ofTarget, ofOnline] = golden.targetPrefix ?? [];
  for (const [key, tensor] of tensors) {
    if (!key.startsWith('final/')) continue;
    const theirs = key.slice('final/'.length);
    const isTarget = ofTarget !== undefined && theirs.startsWith(ofTarget);
    const encoder = isTarget ? target : online;
    const name = ourName(isTarget ? ofOnline + theirs.slice(ofTarget.length) : theirs, golden.prefixes);
    const spec = encoder?.specs.find((candidate) => candidate.name === name);
    if (!encoder || !spec) continue;
    const { difference, largest } = compareArrays(
      await encoder.get(spec.name).data(),
      inMemory(spec, tensor),
    );
    if (!(difference <= tolerances.final * largest)) {
      failures.push(`at the end: ${theirs} is off by ${difference.toExponential(1)}`);
    }
  }
}

function compareArrays(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): { difference: number; largest: number } {
  let difference = actual.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    difference = Math.max(difference, Math.abs((actual[i] as number) - (expected[i] as number)));
    largest = Math.max(largest, Math.abs(expected[i] as number));
  }
  return { difference, largest };
}

function inMemory(spec: ParameterSpec, tensor: HostTensor): Float32Array {
  return fromFileLayout({ shape: tensor.shape, data: tensor.data as Float32Array }, spec.layout).data;
}
