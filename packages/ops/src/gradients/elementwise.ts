import * as tf from '@tensorflow/tfjs-core';
import { keepWhere, ofInput, ofOutput, ofPair } from './config.ts';

/** Gradients of elementwise kernels. A function, so that importing the package runs nothing. */
export function elementwiseGradients(): tf.GradConfig[] {
  return [
    ofInput('Neg', (dy) => tf.neg(dy)),
    ofInput('Square', (dy, x) => tf.mul(dy, tf.mul(x, 2))),
    ofInput('Log', (dy, x) => tf.div(dy, x)),
    ofInput('Log1p', (dy, x) => tf.div(dy, tf.add(x, 1))),
    ofInput('Abs', (dy, x) => tf.mul(dy, tf.sign(x))),
    ofInput('Erf', (dy, x) => tf.mul(dy, tf.mul(tf.exp(tf.neg(tf.square(x))), 2 / Math.sqrt(Math.PI)))),
    ofInput('Sin', (dy, x) => tf.mul(dy, tf.cos(x))),
    ofInput('Cos', (dy, x) => tf.neg(tf.mul(dy, tf.sin(x)))),
    ofInput('Sinh', (dy, x) => tf.mul(dy, tf.cosh(x))),
    ofInput('Cosh', (dy, x) => tf.mul(dy, tf.sinh(x))),
    ofInput('Asin', (dy, x) => tf.mul(dy, tf.rsqrt(tf.sub(1, tf.square(x))))),
    ofInput('Acos', (dy, x) => tf.neg(tf.mul(dy, tf.rsqrt(tf.sub(1, tf.square(x)))))),
    ofInput('Atan', (dy, x) => tf.div(dy, tf.add(tf.square(x), 1))),
    ofInput('Asinh', (dy, x) => tf.mul(dy, tf.rsqrt(tf.add(tf.square(x), 1)))),
    ofInput('Acosh', (dy, x) => tf.mul(dy, tf.rsqrt(tf.sub(tf.square(x), 1)))),
    ofInput('Atanh', (dy, x) => tf.div(dy, tf.sub(1, tf.square(x)))),
    ofOutput('Exp', (dy, y) => tf.mul(dy, y)),
    ofOutput('Expm1', (dy, y) => tf.mul(dy, tf.add(y, 1))),
    ofOutput('Sqrt', (dy, y) => tf.div(dy, tf.mul(y, 2))),
    ofOutput('Rsqrt', (dy, y) => tf.mul(dy, tf.mul(tf.mul(y, tf.square(y)), -0.5))),
    ofOutput('Reciprocal', (dy, y) => tf.neg(tf.mul(dy, tf.square(y)))),
    ofOutput('Tan', (dy, y) => tf.mul(dy, tf.add(tf.square(y), 1))),
    ofPair('Add', (dy) => tf.clone(dy), (dy) => tf.clone(dy)), // biome-ignore format: one operation a line
    ofPair('Sub', (dy) => tf.clone(dy), (dy) => tf.neg(dy)), // biome-ignore format: one operation a line
    ofPair('Multiply', (dy, _, b) => tf.mul(dy, tf.cast(b, 'float32')), (dy, a) => tf.mul(dy, tf.cast(a, 'float32'))), // biome-ignore format: one operation a line
    ofPair('RealDiv', (dy, _, b) => tf.div(dy, b), (dy, a, b) => tf.neg(tf.div(tf.mul(dy, a), tf.square(b)))), // biome-ignore format: one operation a line
    ofPair('SquaredDifference', (dy, a, b) => tf.mul(dy, tf.mul(tf.sub(a, b), 2)), (dy, a, b) => tf.mul(dy, tf.mul(tf.sub(b, a), 2))), // biome-ignore format: one operation a line
    ofPair('Maximum', (dy, a, b) => keepWhere(tf.greaterEqual(a, b), dy), (dy, a, b) => keepWhere(tf.less(a, b), dy)), // biome-ignore format: one operation a line
    ofPair('Minimum', (dy, a, b) => keepWhere(tf.lessEqual(a, b), dy), (dy, a, b) => keepWhere(tf.greater(a, b), dy)), // biome-ignore format: one operation a line
    ofPair('Mod', (dy) => tf.clone(dy), (dy, a, b) => tf.neg(tf.mul(dy, tf.floor(tf.div(a, b))))), // biome-ignore format: one operation a line
    ofPair('Atan2', (dy, a, b) => tf.mul(dy, tf.div(b, squaredRadius(a, b))), (dy, a, b) => tf.neg(tf.mul(dy, tf.div(a, squaredRadius(a, b))))), // biome-ignore format: one operation a line
    ofPair('Pow', powerToBase, powerToExponent),
  ];
}

const squaredRadius = (a: tf.Tensor, b: tf.Tensor) => tf.add(tf.square(a), tf.square(b));

/** 0 for an exponent of 0, also where the base is 0. */
function powerToBase(dy: tf.Tensor, base: tf.Tensor, exponent: tf.Tensor): tf.Tensor {
  const power = tf.cast(exponent, 'float32');
  const slope = tf.mul(power, tf.pow(tf.cast(base, 'float32'), tf.sub(power, 1)));
  return tf.mul(dy, keepWhere(tf.notEqual(power, tf.zerosLike(slope)), slope));
}

/** 0 where the base is not positive: there the power is defined for whole exponents at most. */
function powerToExponent(dy: tf.Tensor, base: tf.Tensor, exponent: tf.Tensor): tf.Tensor {
  const positive = tf.greater(base, 0);
  const from = tf.where(positive, tf.cast(base, 'float32'), tf.onesLike(tf.cast(base, 'float32')));
  return tf.mul(dy, tf.mul(tf.pow(from, tf.cast(exponent, 'float32')), tf.log(from)));
}
