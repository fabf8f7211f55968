import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from './backend.ts';

/** What of the backend reads the memory of a tensor; tfjs takes it for four bytes a number. */
interface ReadingBackend extends WebgpuBackend {
  runWebGPUProgram(program: object, inputs: readonly tf.TensorInfo[], ...rest: unknown[]): unknown;
  read(dataId: object): Promise<unknown>;
  readSync(dataId: object): unknown;
}

/** The memory that holds two bytes a number: tfjs has no type for them, so such tensors say float32. */
const halves = new WeakSet<object>();
const guarded = new WeakSet<WebgpuBackend>();

/** Whether the memory of the tensor, which any view of it shares, holds two bytes a number (IEEE 754 binary16). */
export function isHalf({ dataId }: tf.TensorInfo): boolean {
  return halves.has(dataId);
}

/** Four numbers at a time are read and written, so the last axis must be a multiple of 4. */
export function canBeHalf(shape: readonly number[]): boolean {
  return shape.length > 0 && (shape.at(-1) as number) % 4 === 0;
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

/** Makes kernels and downloads of tfjs, which know nothing of halves, refuse them rather than read something else. */
function guard(backend: ReadingBackend): void {
  if (guarded.has(backend)) return;
  guarded.add(backend);
  const run = backend.runWebGPUProgram.bind(backend);
  backend.runWebGPUProgram = (program, inputs, ...rest) => {
    for (const input of inputs) assertFull(input.dataId, program.constructor.name);
    return run(program, inputs, ...rest);
  };
  const read = backend.read.bind(backend);
  backend.read = async (dataId) => {
    assertFull(dataId, 'data');
    return await read(dataId);
  };
  const readSync = backend.readSync.bind(backend);
  backend.readSync = (dataId) => {
    assertFull(dataId, 'dataSync');
    return readSync(dataId);
  };
}

function assertFull(dataId: object, operation: string): void {
  if (!halves.has(dataId)) return;
  throw new PixconError(
    'invalid-argument',
    `${operation}: expected a tensor in full precision, got one in half precision; pass it through fullPrecision first`,
  );
}
