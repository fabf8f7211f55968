import * as tf from '@tensorflow/tfjs-core';
import { unbroadcast } from './unbroadcast.ts';

type Attributes = Readonly<Record<string, unknown>>;
type OfInput = (dy: tf.Tensor, x: tf.Tensor, attributes: Attributes) => tf.Tensor;

/** Gradients of kernels that move, add up or multiply whole tensors. */
export function structuralGradients(): tf.GradConfig[] {
  return [
    ofInput('Identity', (dy) => tf.clone(dy)),
    ofInput('Cast', (dy) => tf.clone(dy)),
    ofInput('Reshape', (dy, x) => tf.reshape(dy, x.shape)),
    ofInput('ExpandDims', (dy, x) => tf.reshape(dy, x.shape), 'input'),
    ofInput('Transpose', (dy, _, { perm }) =>
      tf.transpose(dy, tf.backend_util.getUndoAxesPermutation(perm as number[])),
    ),
    ofInput('Slice', sliceGradient),
    ofInput('PadV2', (dy, x, { paddings }) =>
      tf.slice(
        dy,
        (paddings as [number, number][]).map(([before]) => before),
        x.shape,
      ),
    ),
    ofInput('Sum', (dy, x, { axis }) => spread(dy, x, axis)),
    ofInput('Mean', (dy, x, { axis }) => spread(tf.mul(dy, dy.size / Math.max(1, x.size)), x, axis)),
    { kernelName: 'Concat', saveAllInputs: true, gradFunc: concatGradient },
    { kernelName: 'Pack', saveAllInputs: true, gradFunc: packGradient },
    { kernelName: 'BatchMatMul', inputsToSave: ['a', 'b'], gradFunc: matMulGradient },
  ];
}

function ofInput(kernelName: string, gradient: OfInput, name = 'x'): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: [name],
    gradFunc: (dy, saved, attributes) => ({
      [name]: () => gradient(dy as tf.Tensor, saved[0] as tf.Tensor, attributes as Attributes),
    }),
  };
}

/** Repeats what a reduction over `axis` gave along that axis; the stock gradient uploads ones instead. */
function spread(dy: tf.Tensor, x: tf.Tensor, axis: unknown): tf.Tensor {
  const axes = tf.util.parseAxisParam(axis as number | number[], x.shape);
  const kept = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
  return tf.broadcastTo(tf.reshape(dy, kept), x.shape as tf.ShapeMap[tf.Rank]);
}

function sliceGradient(dy: tf.Tensor, x: tf.Tensor, { begin, size }: Attributes): tf.Tensor {
  const [from, extent] = tf.slice_util.parseSliceParams(x, begin as number[], size as number[]) as [
    number[],
    number[],
  ];
  const paddings = from.map((start, axis): [number, number] => [
    start,
    (x.shape[axis] as number) - start - (extent[axis] as number),
  ]);
  return tf.pad(dy, paddings);
}

const concatGradient: tf.GradFunc = (dy, saved, attributes) => {
  const { axis } = attributes as unknown as { axis: number };
  const [along] = tf.util.parseAxisParam(axis, (saved[0] as tf.Tensor).shape) as [number];
  const gradients: Record<string, () => tf.Tensor> = {};
  let offset = 0;
  saved.forEach((part, i) => {
    const begin = part.shape.map((_, k) => (k === along ? offset : 0));
    gradients[i] = () => tf.slice(dy as tf.Tensor, begin, part.shape);
    offset += part.shape[along] as number;
  });
  return gradients;
};

const packGradient: tf.GradFunc = (dy, saved, attributes) => {
  const { axis } = attributes as unknown as { axis: number };
  const stacked = dy as tf.Tensor;
  const gradients: Record<string, () => tf.Tensor> = {};
  saved.forEach((part, i) => {
    const begin = stacked.shape.map((_, k) => (k === axis ? i : 0));
    const size = stacked.shape.map((extent, k) => (k === axis ? 1 : extent));
    gradients[i] = () => tf.reshape(tf.slice(stacked, begin, size), part.shape);
  });
  return gradients;
};

const matMulGradient: tf.GradFunc = (dy, saved, attributes) => {
  const [a, b] = saved as [tf.Tensor3D, tf.Tensor3D];
  const { transposeA, transposeB } = attributes as unknown as { transposeA: boolean; transposeB: boolean };
  const d = dy as tf.Tensor3D;
  return {
    a: () =>
      unbroadcast(
        transposeA ? tf.matMul(b, d, transposeB, true) : tf.matMul(d, b, false, !transposeB),
        a.shape,
      ),
    b: () =>
      unbroadcast(
        transposeB ? tf.matMul(d, a, true, transposeA) : tf.matMul(a, d, !transposeA, false),
        b.shape,
      ),
  };
};
