import * as tf from '@tensorflow/tfjs-core';
import { type Attributes, ofInput } from './config.ts';

/** Gradients of kernels that pick values, or put them, where indices say. */
export function indexingGradients(): tf.GradConfig[] {
  return [
    { kernelName: 'GatherV2', inputsToSave: ['x', 'indices'], gradFunc: gatherGradient },
    { kernelName: 'GatherNd', inputsToSave: ['params', 'indices'], gradFunc: gatherNdGradient },
    { kernelName: 'ScatterNd', inputsToSave: ['indices'], gradFunc: scatterNdGradient },
    { kernelName: 'UnsortedSegmentSum', inputsToSave: ['segmentIds'], gradFunc: segmentSumGradient },
    { kernelName: 'Select', inputsToSave: ['condition'], gradFunc: selectGradient },
    { kernelName: 'TopK', inputsToSave: ['x'], outputsToSave: [false, true], gradFunc: topKGradient },
    ofInput('StridedSlice', stridedSliceGradient),
  ];
}

/** The sum of `rows [n, …]` by their places `[n]` among `count` rows. */
function sumIntoRows(rows: tf.Tensor, places: tf.Tensor, count: number): tf.Tensor {
  const size = places.size;
  return tf.scatterND(tf.reshape(tf.cast(places, 'int32'), [size, 1]), rows, [
    count,
    ...rows.shape.slice(1),
  ] as tf.ShapeMap[tf.Rank]);
}

const sizeOf = (shape: readonly number[]) => shape.reduce((size, axis) => size * axis, 1);

/** `x [batch…, outer…, n, inner…]`, `indices [batch…, k…]`: rows `[inner]` of all batches and outer axes at once. */
const gatherGradient: tf.GradFunc = (dy, saved, attributes) => {
  const [x, indices] = saved as [tf.Tensor, tf.Tensor];
  const { axis, batchDims } = attributes as unknown as { axis: number; batchDims: number };
  return {
    x: () => {
      const [along] = tf.util.parseAxisParam(axis, x.shape) as [number];
      const count = x.shape[along] as number;
      const batch = sizeOf(x.shape.slice(0, batchDims));
      const outer = sizeOf(x.shape.slice(batchDims, along));
      const inner = sizeOf(x.shape.slice(along + 1));
      const picked = sizeOf(indices.shape.slice(batchDims));
      const rows = tf.reshape(dy as tf.Tensor, [batch * outer * picked, inner]);
      const within = tf.reshape(tf.cast(indices, 'int32'), [batch, 1, picked]);
      const places =
        batch * outer === 1
          ? within
          : tf.add(tf.reshape(tf.range(0, batch * outer * count, count, 'int32'), [batch, outer, 1]), within);
      return tf.reshape(sumIntoRows(rows, places, batch * outer * count), x.shape);
    },
    indices: () => tf.zeros(indices.shape, 'float32'),
  };
};

const gatherNdGradient: tf.GradFunc = (dy, saved) => {
  const [params, indices] = saved as [tf.Tensor, tf.Tensor];
  return {
    params: () =>
      tf.scatterND(tf.cast(indices, 'int32'), dy as tf.Tensor, params.shape as tf.ShapeMap[tf.Rank]),
    indices: () => tf.zeros(indices.shape, 'float32'),
  };
};

const scatterNdGradient: tf.GradFunc = (dy, saved) => {
  const [indices] = saved as [tf.Tensor];
  return {
    updates: () => tf.gatherND(dy as tf.Tensor, tf.cast(indices, 'int32')),
    indices: () => tf.zeros(indices.shape, 'float32'),
  };
};

/** A row gets the gradient of its segment; one whose id is no segment gets 0. */
const segmentSumGradient: tf.GradFunc = (dy, saved) => {
  const [ids] = saved as [tf.Tensor1D];
  const sums = dy as tf.Tensor;
  const last = (sums.shape[0] as number) - 1;
  return {
    x: () => {
      const rows = tf.gather(sums, tf.cast(tf.clipByValue(tf.cast(ids, 'float32'), 0, last), 'int32'));
      const counted = tf.logicalAnd(tf.greaterEqual(ids, 0), tf.lessEqual(ids, last));
      const mask = tf.reshape(tf.cast(counted, 'float32'), [ids.size, ...rows.shape.slice(1).map(() => 1)]);
      return tf.mul(rows, mask);
    },
    segmentIds: () => tf.zeros(ids.shape, 'float32'),
  };
};

const selectGradient: tf.GradFunc = (dy, saved) => {
  const [condition] = saved as [tf.Tensor];
  const zeros = () => tf.zerosLike(dy as tf.Tensor);
  return {
    condition: () => tf.zeros(condition.shape, 'float32'),
    t: () => tf.where(condition, dy as tf.Tensor, zeros()),
    e: () => tf.where(condition, zeros(), dy as tf.Tensor),
  };
};

const topKGradient: tf.GradFunc = (dys, saved) => {
  const [x, indices] = saved as [tf.Tensor, tf.Tensor];
  const [dy] = dys as tf.Tensor[];
  return {
    x: () => {
      const count = x.shape[x.rank - 1] as number;
      const rows = x.size / Math.max(1, count);
      const picked = tf.reshape(tf.cast(indices, 'int32'), [rows, indices.size / Math.max(1, rows)]);
      const places = tf.add(tf.reshape(tf.range(0, rows * count, count, 'int32'), [rows, 1]), picked);
      return tf.reshape(sumIntoRows(tf.reshape(dy as tf.Tensor, [places.size]), places, x.size), x.shape);
    },
  };
};

/** Slices the numbers of the elements themselves, so that steps, masks and negative ends need no second reading. */
function stridedSliceGradient(dy: tf.Tensor, x: tf.Tensor, attributes: Attributes): tf.Tensor {
  // WASM's kernel takes the bits of whole numbers for float32; as float32 these numbers are exact up to 2²⁴.
  const numbers = tf.reshape(tf.range(0, x.size, 1, x.size > 2 ** 24 ? 'int32' : 'float32'), x.shape);
  const places = tf
    .engine()
    .runKernel<tf.Tensor>('StridedSlice', { x: numbers }, attributes as tf.NamedAttrMap);
  return tf.reshape(sumIntoRows(tf.reshape(dy, [dy.size]), places, x.size), x.shape);
}
