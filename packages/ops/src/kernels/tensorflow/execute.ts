import * as tf from '@tensorflow/tfjs-core';

/** An attribute of a TensorFlow operation, as tfjs-node takes it. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** The part of tfjs-node's backend that runs any TensorFlow operation eagerly. */
interface TensorflowBackend {
  readonly binding: Readonly<
    Record<
      | 'TF_ATTR_STRING'
      | 'TF_ATTR_INT'
      | 'TF_ATTR_FLOAT'
      | 'TF_ATTR_BOOL'
      | 'TF_ATTR_TYPE'
      | 'TF_ATTR_SHAPE'
      | 'TF_FLOAT'
      | 'TF_INT32',
      number
    >
  >;
  readonly isUsingGpuDevice: boolean;
  executeSingleOutput(
    operation: string,
    attributes: readonly Attribute[],
    inputs: readonly tf.Tensor[],
  ): tf.Tensor;
  executeMultipleOutputs(
    operation: string,
    attributes: readonly Attribute[],
    inputs: readonly tf.Tensor[],
    count: number,
  ): tf.Tensor[];
}

/** Attributes by name; numbers in an array are integers, a single number is a float. */
export type Attributes = Readonly<
  Record<
    string,
    | string
    | boolean
    | number
    | readonly number[]
    | 'float32'
    | { dimensions: readonly number[] }
    | { integer: number }
  >
>;

/** Runs the TensorFlow operation `name`, which has one result. */
export function execute<Output extends tf.Tensor = tf.Tensor>(
  name: string,
  attributes: Attributes,
  inputs: readonly tf.Tensor[],
): Output {
  const backend = tf.backend() as unknown as TensorflowBackend;
  return backend.executeSingleOutput(name, encode(backend, attributes), inputs) as Output;
}

/** Runs the TensorFlow operation `name`, which has `count` results. */
export function executeMany(
  name: string,
  attributes: Attributes,
  inputs: readonly tf.Tensor[],
  count: number,
): tf.Tensor[] {
  const backend = tf.backend() as unknown as TensorflowBackend;
  return backend.executeMultipleOutputs(name, encode(backend, attributes), inputs, count);
}

/** True where TensorFlow's kernels run on a GPU. */
export function runsOnGpu(): boolean {
  return (tf.backend() as unknown as TensorflowBackend).isUsingGpuDevice;
}

function encode({ binding }: TensorflowBackend, attributes: Attributes): Attribute[] {
  return Object.entries(attributes).map(([name, value]): Attribute => {
    if (value === 'int32') return { name, type: binding.TF_ATTR_TYPE, value: binding.TF_INT32 };
    if (value === 'float32') return { name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
    if (typeof value === 'string') return { name, type: binding.TF_ATTR_STRING, value };
    if (typeof value === 'boolean') return { name, type: binding.TF_ATTR_BOOL, value };
    if (typeof value === 'number') return { name, type: binding.TF_ATTR_FLOAT, value };
    if ('integer' in value) return { name, type: binding.TF_ATTR_INT, value: value.integer };
    if ('dimensions' in value) return { name, type: binding.TF_ATTR_SHAPE, value: value.dimensions };
    return { name, type: binding.TF_ATTR_INT, value };
  });
}
