import { startBackend } from '@pixcon/backend';
import * as tf from '@tensorflow/tfjs-core';
import { median } from './statistics.ts';

/** A layer with a 1×1 filter: images of a side, channels in and out, stride. */
export interface PointwiseLayer {
  readonly pointwise: readonly [batch: number, side: number, input: number, output: number, stride: number];
  readonly rounds: number;
}

/** Milliseconds, medians: forward, and the gradients to the images and to the filter. */
export interface PointwiseTimes {
  readonly product: readonly number[];
  readonly convolution: readonly number[];
}

interface TensorflowBackend {
  readonly binding: Readonly<Record<string, number>>;
  executeSingleOutput(name: string, attributes: object[], inputs: tf.Tensor[]): tf.Tensor;
}

/**
 * Times a layer on the tensorflow backend in this process: by tfjs's kernels, which `@pixcon/ops` has made matrix
 * products as its own are, and by TensorFlow's Conv2D and its gradients, in turn.
 */
export async function timePointwise({ pointwise, rounds }: PointwiseLayer): Promise<PointwiseTimes> {
  await startBackend('tensorflow');
  const [batch, side, input, output, stride] = pointwise;
  const cells = Math.ceil(side / stride);
  const x = tf.randomNormal<tf.Rank.R4>([batch, side, side, input], 0, 1, 'float32', 1);
  const filter = tf.randomNormal<tf.Rank.R4>([1, 1, input, output], 0, 1, 'float32', 2);
  const dy = tf.randomNormal<tf.Rank.R4>([batch, cells, cells, output], 0, 1, 'float32', 3);
  const sizes = [x.shape, filter.shape].map((shape) => tf.tensor1d(shape, 'int32')) as [tf.Tensor, tf.Tensor];
  const ways = {
    product: [
      () => kernel('Conv2D', stride, { x, filter }, {}),
      () => kernel('Conv2DBackpropInput', stride, { dy, filter }, { inputShape: x.shape }),
      () => kernel('Conv2DBackpropFilter', stride, { x, dy }, { filterShape: filter.shape }),
    ],
    convolution: [
      () => execute('Conv2D', stride, [x, filter]),
      () => execute('Conv2DBackpropInput', stride, [sizes[0], filter, dy]),
      () => execute('Conv2DBackpropFilter', stride, [x, sizes[1], dy]),
    ],
  };
  const times = { product: [[], [], []] as number[][], convolution: [[], [], []] as number[][] };
  for (let round = 0; round <= rounds; round++) {
    for (const way of ['product', 'convolution'] as const) {
      for (const [i, run] of ways[way].entries()) {
        const start = performance.now();
        tf.dispose(tf.tidy(run));
        // The first one warms up.
        if (round > 0) times[way][i]?.push(performance.now() - start);
      }
    }
  }
  return { product: times.product.map(median), convolution: times.convolution.map(median) };
}

/** tfjs's kernel, without padding. */
function kernel(name: string, stride: number, inputs: tf.NamedTensorMap, attributes: object): tf.Tensor {
  const window = { strides: [stride, stride], pad: 'valid', dataFormat: 'NHWC', dilations: 1 };
  return tf.engine().runKernel(name, inputs, { ...window, ...attributes });
}

/** TensorFlow's operation, without padding. */
function execute(name: string, stride: number, inputs: tf.Tensor[]): tf.Tensor {
  const { binding } = tf.backend() as unknown as TensorflowBackend;
  return (tf.backend() as unknown as TensorflowBackend).executeSingleOutput(
    name,
    [
      { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT },
      { name: 'data_format', type: binding.TF_ATTR_STRING, value: 'NHWC' },
      { name: 'strides', type: binding.TF_ATTR_INT, value: [1, stride, stride, 1] },
      { name: 'padding', type: binding.TF_ATTR_STRING, value: 'VALID' },
    ],
    inputs,
  );
}
