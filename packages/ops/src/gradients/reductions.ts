import * as tf from '@tensorflow/tfjs-core';
import { type Attributes, ofInput } from './config.ts';

/** Gradients of kernels that take many values together. */
export function reductionGradients(): tf.GradConfig[] {
  return [
    ofInput('Sum', (dy, x, { axis }) => spread(dy, x, axis)),
    ofInput('Mean', (dy, x, { axis }) => spread(tf.mul(dy, dy.size / Math.max(1, x.size)), x, axis)),
    extremum('Max', 'reductionIndices'),
    extremum('Min', 'axis'),
    ofInput('Prod', productGradient),
    ofInput('Cumsum', (dy, _, { axis, exclusive, reverse }) => {
      const sums = (values: tf.Tensor) => tf.cumsum(values, axis as number, exclusive as boolean);
      return reverse ? sums(dy) : fromTheEnd(dy, axis as number, sums);
    }),
    { kernelName: 'AddN', saveAllInputs: true, gradFunc: addNGradient },
  ];
}

/** The shape that a reduction over `axis` has where it keeps its axes. */
function keptShape(x: tf.Tensor, axis: unknown): number[] {
  const axes = tf.util.parseAxisParam(axis as number | number[], x.shape);
  return x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
}

/** Repeats what a reduction over `axis` gave along that axis; the stock gradient uploads ones instead. */
function spread(dy: tf.Tensor, x: tf.Tensor, axis: unknown): tf.Tensor {
  return tf.broadcastTo(tf.reshape(dy, keptShape(x, axis)), x.shape as tf.ShapeMap[tf.Rank]);
}

/** The largest or smallest value, whose gradient is shared equally by all that hold it. */
function extremum(kernelName: string, axisName: string): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ['x'],
    outputsToSave: [true],
    gradFunc: (dy, saved, attributes) => ({
      x: () => {
        const [x, y] = saved as [tf.Tensor, tf.Tensor];
        const axis = (attributes as Attributes)[axisName];
        const kept = keptShape(x, axis);
        const holds = tf.cast(tf.equal(x, tf.reshape(y, kept)), 'float32');
        const axes = tf.util.parseAxisParam(axis as number | number[], x.shape);
        const share = tf.div(tf.reshape(dy as tf.Tensor, kept), tf.sum(holds, axes, true));
        return tf.mul(holds, share);
      },
    }),
  };
}

/** What goes along an axis the other way round. (tfjs-backend-webgpu 4.22 reverses by the length it first met.) */
function fromTheEnd(x: tf.Tensor, axis: number, along: (x: tf.Tensor) => tf.Tensor): tf.Tensor {
  return tf.reverse(along(tf.reverse(x, axis)), axis);
}

/** The product of all the others: right where a value is 0, too. */
function productGradient(dy: tf.Tensor, x: tf.Tensor, { axis }: Attributes): tf.Tensor {
  const axes = tf.util.parseAxisParam(axis as number | number[], x.shape);
  const others = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const order = [...others, ...axes];
  const moved = tf.transpose(x, order);
  const count = axes.reduce((size, i) => size * (x.shape[i] as number), 1);
  const rows = tf.reshape(moved, [x.size / Math.max(1, count), count]);
  const products = tf.mul(
    tf.cumprod(rows, 1, true),
    fromTheEnd(rows, 1, (values) => tf.cumprod(values, 1, true)),
  );
  const gradient = tf.mul(products, tf.reshape(dy, [rows.shape[0] as number, 1]));
  return tf.transpose(tf.reshape(gradient, moved.shape), tf.backend_util.getUndoAxesPermutation(order));
}

const addNGradient: tf.GradFunc = (dy, saved) =>
  Object.fromEntries(saved.map((_, i) => [i, () => tf.clone(dy as tf.Tensor)]));
