import * as tf from '@tensorflow/tfjs-core';
import { unbroadcast } from './unbroadcast.ts';

type Pair = [tf.Tensor, tf.Tensor];
type Unary = (dy: tf.Tensor, saved: tf.Tensor) => tf.Tensor;
type Binary = (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => tf.Tensor;

/** Gradients of elementwise kernels. A function, so that importing the package runs nothing. */
export function elementwiseGradients(): tf.GradConfig[] {
  return [
    ofInput('Neg', (dy) => tf.neg(dy)),
    ofInput('Square', (dy, x) => tf.mul(dy, tf.mul(x, 2))),
    ofInput('Log', (dy, x) => tf.div(dy, x)),
    ofInput('Log1p', (dy, x) => tf.div(dy, tf.add(x, 1))),
    ofInput('Abs', (dy, x) => tf.mul(dy, tf.sign(x))),
    ofInput('Softplus', (dy, x) => tf.mul(dy, tf.sigmoid(x))),
    ofOutput('Exp', (dy, y) => tf.mul(dy, y)),
    ofOutput('Sqrt', (dy, y) => tf.div(dy, tf.mul(y, 2))),
    ofOutput('Sigmoid', (dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y)))),
    ofOutput('Tanh', (dy, y) => tf.mul(dy, tf.sub(1, tf.square(y)))),
    ofOutput('Relu', (dy, y) => tf.mul(dy, tf.step(y))),
    ofPair('Add', (dy) => tf.clone(dy), (dy) => tf.clone(dy)), // biome-ignore format: one operation a line
    ofPair(
      'Sub',
      (dy) => tf.clone(dy),
      (dy) => tf.neg(dy),
    ),
    ofPair('Multiply', (dy, _, b) => tf.mul(dy, tf.cast(b, 'float32')), (dy, a) => tf.mul(dy, tf.cast(a, 'float32'))), // biome-ignore format: one operation a line
    ofPair('RealDiv', (dy, _, b) => tf.div(dy, b), (dy, a, b) => tf.neg(tf.div(tf.mul(dy, a), tf.square(b)))), // biome-ignore format: one operation a line
    ofPair('SquaredDifference', (dy, a, b) => tf.mul(dy, tf.mul(tf.sub(a, b), 2)), (dy, a, b) => tf.mul(dy, tf.mul(tf.sub(b, a), 2))), // biome-ignore format: one operation a line
    ofPair('Maximum', (dy, a, b) => where(tf.greaterEqual(a, b), dy), (dy, a, b) => where(tf.less(a, b), dy)), // biome-ignore format: one operation a line
    ofPair('Minimum', (dy, a, b) => where(tf.lessEqual(a, b), dy), (dy, a, b) => where(tf.greater(a, b), dy)), // biome-ignore format: one operation a line
  ];
}

function where(condition: tf.Tensor, dy: tf.Tensor): tf.Tensor {
  return tf.mul(dy, tf.cast(condition, 'float32'));
}

function ofInput(kernelName: string, gradient: Unary): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ['x'],
    gradFunc: (dy, saved) => ({ x: () => gradient(dy as tf.Tensor, saved[0] as tf.Tensor) }),
  };
}

function ofOutput(kernelName: string, gradient: Unary): tf.GradConfig {
  return {
    kernelName,
    outputsToSave: [true],
    gradFunc: (dy, saved) => ({ x: () => gradient(dy as tf.Tensor, saved[0] as tf.Tensor) }),
  };
}

function ofPair(kernelName: string, left: Binary, right: Binary): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, saved) => {
      const [a, b] = saved as Pair;
      return {
        a: () => unbroadcast(left(dy as tf.Tensor, a, b), a.shape),
        b: () => unbroadcast(right(dy as tf.Tensor, a, b), b.shape),
      };
    },
  };
}
