import * as tf from '@tensorflow/tfjs-core';
import type { GpuDevice, WebgpuBackend } from './backend.ts';

/** Sizes that WGSL knows. */
const sizes = [4, 8, 16, 32, 64, 128];

let off = false;

/** Runs `work` as on a device without subgroups: tests take both ways. */
export function withoutSubgroups<T>(work: () => T): T {
  off = true;
  try {
    return work();
  } finally {
    off = false;
  }
}

/** Invocations of a subgroup; `undefined` where the device has none, or of several sizes. */
export function subgroupSize({
  features,
  adapterInfo,
}: Pick<GpuDevice, 'features' | 'adapterInfo'>): number | undefined {
  if (off || adapterInfo === undefined || !features.has('subgroups')) return undefined;
  const { subgroupMinSize, subgroupMaxSize } = adapterInfo;
  return sizes.find((size) => size === subgroupMinSize && size === subgroupMaxSize);
}

/** Sums over lanes of a workgroup that lie `apart`, each of `count` values; both are powers of 2. */
export interface LaneSums {
  readonly apart: number;
  readonly count: number;
  /** WGSL type of a value. */
  readonly element: string;
  /** The variables that are added up, and for each a workgroup array with an element a lane. */
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * WGSL that adds up variables with one barrier, for a program with `subgroups`: inside a subgroup by shuffles, the rest
 * in workgroup memory, in the same order in every run. Afterwards every invocation has its sum in the variable.
 * `undefined` where no subgroup has two values of a sum.
 *
 * WGSL promises neither that the invocations of a subgroup are lanes side by side nor that a subgroup is full. So each
 * looks: if so, it puts down its sums and 0 for the rest of its lanes, else its values. Where all put down sums, only
 * these are read, else all lanes are.
 */
export function sumBySubgroups({
  apart,
  count,
  element,
  variables,
}: LaneSums): { readonly declarations: string; readonly reduce: string } | undefined {
  const size = subgroupSize((tf.backend() as unknown as WebgpuBackend).device) ?? 0;
  const span = apart * count;
  /** Lanes whose values a subgroup adds up to `apart` sums. */
  const reach = Math.min(size, span);
  if (reach <= apart) return undefined;
  const masks: number[] = [];
  for (let mask = apart; mask < reach; mask *= 2) masks.push(mask);
  const each = (statements: (variable: string, values: string) => string) =>
    Object.entries(variables)
      .map(([variable, values]) => statements(variable, values))
      .join('');
  return {
    declarations: 'var<workgroup> scattered : atomic<u32>;',
    reduce: `{
        let firstLane = lane - i32(laneOfSubgroup);
        let inOrder = (firstLane % ${size} == 0) & (firstLane == subgroupBroadcastFirst(firstLane));
        let whole = subgroupAdd(select(0, 1, inOrder)) == ${size};
        if (!whole) { atomicStore(&scattered, 1u); }
        ${each(
          (variable, values) => `
        var ${variable}Sum = ${variable};
        ${masks.map((mask) => `${variable}Sum += subgroupShuffleXor(${variable}Sum, ${mask}u);`).join(' ')}
        ${variable}Sum = select(${element}(), ${variable}Sum, lane % ${reach} < ${apart});
        ${values}[lane] = select(${variable}, ${variable}Sum, whole);
        ${variable} = ${element}();`,
        )}
        workgroupBarrier();
        let step = select(${reach}, ${apart}, atomicLoad(&scattered) > 0);
        let start = lane / ${span} * ${span};
        for (var part = start + lane % ${apart}; part < start + ${span}; part += step) {
          ${each((variable, values) => `${variable} += ${values}[part];`)}
        }
      }`,
  };
}
