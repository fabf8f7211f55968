import * as tf from '@tensorflow/tfjs-core';
import { type Attributes, ofInput } from './config.ts';
import { unbroadcast } from './unbroadcast.ts';

/** Gradients of kernels that move or multiply whole tensors. */
export function structuralGradients(): tf.GradConfig[] {
  return [
    ofInput('Identity', (dy) => tf.clone(dy)),
    // What is cut to whole or logical numbers is constant between its steps.
    ofInput('Cast', (dy, _, { dtype }) => (dtype === 'float32' ? tf.clone(dy) : tf.zerosLike(dy))),
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
    { kernelName: 'Concat', saveAllInputs: true, gradFunc: concatGradient },
    { kernelName: 'Pack', saveAllInputs: true, gradFunc: packGradient },
    { kernelName: 'BatchMatMul', inputsToSave: ['a', 'b'], gradFunc: matMulGradient },
  ];
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
