import type { Tensor } from '@tensorflow/tfjs-core';

/** A tensor, or numbers in a typed or nested array. */
export type TensorLike = number | Tensor | ArrayLike<number> | NestedNumbers;
export interface NestedNumbers extends ReadonlyArray<number | NestedNumbers> {}

export interface AllCloseOptions {
  /** Allowed difference as a share of the expected value; 1e-5 by default. */
  readonly relative?: number;
  /** Allowed difference whatever the size of the value; 1e-6 by default. */
  readonly absolute?: number;
}

export interface AllCloseResult {
  readonly pass: boolean;
  readonly message: string;
}

/**
 * Compares element by element: |actual − expected| ≤ absolute + relative · |expected|, as numpy's `allclose`.
 * NaN equals nothing but NaN; infinities must be the same. Shapes must agree; a flat typed array is compared with
 * a tensor by its length. Tensors are read asynchronously: not every backend can do otherwise.
 *
 * @example
 * const { pass, message } = await allClose(tf.tensor1d([1, 2]), [1, 2.1], { relative: 0.01 });
 */
export async function allClose(
  actual: TensorLike,
  expected: TensorLike,
  options: AllCloseOptions = {},
): Promise<AllCloseResult> {
  return compare(...(await Promise.all([read(actual), read(expected)])), options);
}

/** {@link allClose} of what is no tensor, at once. */
export function allCloseNow(
  actual: Exclude<TensorLike, Tensor>,
  expected: Exclude<TensorLike, Tensor>,
  options: AllCloseOptions = {},
): AllCloseResult {
  return compare(valuesOf(actual), valuesOf(expected), options);
}

export function isTensor(value: unknown): value is Tensor {
  return typeof value === 'object' && value !== null && 'dataSync' in value && 'shape' in value;
}

function compare(left: Values, right: Values, options: AllCloseOptions): AllCloseResult {
  const { relative = 1e-5, absolute = 1e-6 } = options;
  const shapesDiffer = left.shape && right.shape && String(left.shape) !== String(right.shape);
  if (shapesDiffer || left.values.length !== right.values.length) {
    return { pass: false, message: `shapes differ: got ${shapeText(left)}, expected ${shapeText(right)}` };
  }
  let failures = 0;
  let worst = 0;
  let worstExcess = -Infinity;
  for (let i = 0; i < right.values.length; i++) {
    const a = left.values[i] as number;
    const b = right.values[i] as number;
    if (Object.is(a, b) || a === b) continue;
    const difference = Math.abs(a - b);
    const excess = difference - (absolute + relative * Math.abs(b));
    if (Number.isFinite(b) && excess <= 0) continue;
    failures++;
    const rank = Number.isNaN(excess) ? Infinity : excess;
    if (rank > worstExcess) {
      worstExcess = rank;
      worst = i;
    }
  }
  const total = right.values.length;
  if (failures === 0) return { pass: true, message: `all ${total} values are close` };
  const shape = left.shape ?? right.shape ?? [total];
  const a = left.values[worst] as number;
  const b = right.values[worst] as number;
  return {
    pass: false,
    message:
      `${failures} of ${total} values differ; the worst is at [${indexOf(worst, shape).join(', ')}]: ` +
      `got ${a}, expected ${b} (difference ${Math.abs(a - b)}, relative ${relative}, absolute ${absolute})`,
  };
}

interface Values {
  readonly values: ArrayLike<number>;
  /** Absent for a flat typed array, which fits any shape of its length. */
  readonly shape?: readonly number[];
}

async function read(value: TensorLike): Promise<Values> {
  return isTensor(value) ? { values: await value.data(), shape: value.shape } : valuesOf(value);
}

function valuesOf(value: Exclude<TensorLike, Tensor>): Values {
  if (typeof value === 'number') return { values: [value], shape: [] };
  if (ArrayBuffer.isView(value)) return { values: value as unknown as ArrayLike<number> };
  const values: number[] = [];
  return { values, shape: flatten(value as NestedNumbers, values, 'values') };
}

function flatten(value: number | NestedNumbers, into: number[], where: string): number[] {
  if (typeof value === 'number') {
    into.push(value);
    return [];
  }
  if (!Array.isArray(value))
    throw new TypeError(`toBeAllClose: ${where} must be numbers, got ${String(value)}`);
  let inner: number[] | undefined;
  value.forEach((entry, i) => {
    const shape = flatten(entry, into, `${where}[${i}]`);
    if (inner && String(inner) !== String(shape)) throw new TypeError(`toBeAllClose: ${where} is ragged`);
    inner = shape;
  });
  return [value.length, ...(inner ?? [])];
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  const index: number[] = [];
  let rest = flat;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number;
    index.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return index;
}

function shapeText({ values, shape }: Values): string {
  return shape ? `[${shape.join(', ')}]` : `${values.length} values`;
}
