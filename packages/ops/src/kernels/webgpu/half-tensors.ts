import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from './backend.ts';

/** What of the backend reads the memory of a tensor; tfjs takes it for four bytes a number. */
interface ReadingBackend extends WebgpuBackend {
  runWebGPUProgram(program: object, inputs: readonly tf.TensorInfo[], ...rest: unknown[]): unknown;
  read(dataId: object): Promise<unknown>;
  readSync(dataId: object): unknown;
  readToGPU(dataId: object, ...rest: unknown[]): unknown;
}

/** The memory that holds two bytes a number: tfjs has no type for them, so such tensors say float32. */
const halves = new WeakSet<object>();
const guarded = new WeakSet<WebgpuBackend>();

/** Whether the memory of the tensor, which any view of it shares, holds two bytes a number (IEEE 754 binary16). */
export function isHalf({ dataId }: tf.TensorInfo): boolean {
  return halves.has(dataId);
}

/** Four numbers at a time are read and written, so the last axis must be a multiple of 4; and only float32 is rounded. */
export function canBeHalf(shape: readonly number[], dtype: tf.DataType = 'float32'): boolean {
  return dtype === 'float32' && shape.length > 0 && (shape.at(-1) as number) % 4 === 0;
}

/** A new tensor without values that holds two bytes a number. */
export function allocateHalf(backend: WebgpuBackend, shape: readonly number[]): tf.Tensor {
  guard(backend as ReadingBackend);
  const words = shape.reduce((size, axis) => size * axis, 1) / 2;
  const { dataId } = backend.makeTensorInfo([words], 'float32');
  halves.add(dataId);
  return tf.engine().makeTensorFromTensorInfo({ dataId, shape: [...shape], dtype: 'float32' });
}

/** Of the values of a tensor, on the device. */
export function bytesOf(tensor: tf.TensorInfo): number {
  return (isHalf(tensor) ? 2 : 4) * tensor.shape.reduce((size, axis) => size * axis, 1);
}

/** Has kernels of tfjs, which know nothing of halves, refuse them rather than read something else; downloads widen them. */
function guard(backend: ReadingBackend): void {
  if (guarded.has(backend)) return;
  guarded.add(backend);
  const run = backend.runWebGPUProgram.bind(backend);
  backend.runWebGPUProgram = (program, inputs, ...rest) => {
    const kernel = program.constructor.name.replace(/Program\d*$/, '');
    for (const { dataId } of inputs) assertFull(dataId, `${kernel} of tfjs`);
    return run(program, inputs, ...rest);
  };
  const toGpu = backend.readToGPU.bind(backend);
  backend.readToGPU = (dataId, ...rest) => {
    assertFull(dataId, 'dataToGPU');
    return toGpu(dataId, ...rest);
  };
  const read = backend.read.bind(backend);
  backend.read = async (dataId) => widened(dataId, await read(dataId));
  const readSync = backend.readSync.bind(backend);
  backend.readSync = (dataId) => widened(dataId, readSync(dataId));
}

function assertFull(dataId: object, operation: string): void {
  if (!halves.has(dataId)) return;
  throw new PixconError(
    'invalid-argument',
    `${operation}: expected a tensor in full precision, got one in half precision; pass it through fullPrecision first`,
  );
}

/** What was downloaded, in float32: of halves tfjs takes two for a number, whose bits it leaves alone. */
function widened(dataId: object, values: unknown): unknown {
  if (!halves.has(dataId)) return values;
  const { buffer, byteOffset, length } = values as Float32Array;
  const bits = new Uint16Array(buffer, byteOffset, 2 * length);
  return Float32Array.from(bits, numberOf);
}

/** IEEE 754 binary16. */
function numberOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
