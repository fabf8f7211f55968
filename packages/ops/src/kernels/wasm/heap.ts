import * as tf from '@tensorflow/tfjs-core';

/** The part of tfjs-backend-wasm that gives access to its memory. */
interface WasmBackend extends tf.KernelBackend {
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array | Int32Array;
}

/** A new float32 tensor with undefined content. */
export function allocate<R extends tf.Rank>(shape: tf.ShapeMap[R]): tf.Tensor<R> {
  const backend = tf.backend() as WasmBackend;
  return tf.engine().makeTensorFromTensorInfo(backend.makeOutput([...shape], 'float32')) as tf.Tensor<R>;
}

/** A new tensor of `like`'s dtype with undefined content. */
export function allocateLike(like: tf.TensorInfo, shape: readonly number[]): tf.Tensor {
  const backend = tf.backend() as WasmBackend;
  return tf.engine().makeTensorFromTensorInfo(backend.makeOutput([...shape], like.dtype));
}

/**
 * The tensors as arrays in the WASM memory. Valid until the next allocation, which may grow the memory:
 * allocate all results first, ask for all views at once, and run no operation while using them.
 */
export function views<const Tensors extends readonly tf.TensorInfo[]>(
  ...tensors: Tensors
): { [I in keyof Tensors]: Float32Array } {
  const backend = tf.backend() as WasmBackend;
  const get = () => tensors.map((tensor) => backend.typedArrayFromHeap(tensor));
  // The first look moves tensors in from other backends, which allocates.
  get();
  return get() as unknown as { [I in keyof Tensors]: Float32Array };
}
