import * as tf from '@tensorflow/tfjs-core';
import { type Attributes, keepWhere, ofInput, ofOutput, ofPair } from './config.ts';

/** Slope and scale of SELU (Klambauer et al., arXiv 1706.02515, appendix A.1). */
const seluScale = 1.0507009873554805;
const seluScaledAlpha = 1.7580993408473768;

/** Gradients of activations, by the value from here, by the slope of one from there. */
export function activationGradients(): tf.GradConfig[] {
  return [
    ofOutput('Relu', (dy, y) => tf.mul(dy, tf.step(y))),
    ofOutput('Relu6', (dy, y) => keepWhere(tf.logicalAnd(tf.greater(y, 0), tf.less(y, 6)), dy)),
    ofOutput('Sigmoid', (dy, y) => tf.mul(dy, tf.mul(y, tf.sub(1, y)))),
    ofOutput('Tanh', (dy, y) => tf.mul(dy, tf.sub(1, tf.square(y)))),
    ofInput('Softplus', (dy, x) => tf.mul(dy, tf.sigmoid(x))),
    ofOutput('Elu', (dy, y) => tf.where(tf.greater(y, 0), dy, tf.mul(dy, tf.add(y, 1)))),
    ofOutput('Selu', (dy, y) =>
      tf.where(tf.greater(y, 0), tf.mul(dy, seluScale), tf.mul(dy, tf.add(y, seluScaledAlpha))),
    ),
    ofInput('LeakyRelu', (dy, x, { alpha }) => tf.where(tf.greater(x, 0), dy, tf.mul(dy, alpha as number))),
    ofPair(
      'Prelu',
      (dy, x, alpha) => tf.where(tf.greater(x, 0), dy, tf.mul(dy, alpha)),
      (dy, x) => keepWhere(tf.lessEqual(x, 0), tf.mul(dy, x)),
      ['x', 'alpha'],
    ),
    ofInput('ClipByValue', clipGradient),
    ofOutput('Softmax', softmaxGradient, 'logits'),
    ofOutput('LogSoftmax', logSoftmaxGradient, 'logits'),
  ];
}

/** Passes at the bounds themselves, too. */
function clipGradient(dy: tf.Tensor, x: tf.Tensor, { clipValueMin, clipValueMax }: Attributes): tf.Tensor {
  const inside = tf.logicalAnd(
    tf.greaterEqual(x, clipValueMin as number),
    tf.lessEqual(x, clipValueMax as number),
  );
  return keepWhere(inside, dy);
}

function softmaxGradient(dy: tf.Tensor, y: tf.Tensor, { dim }: Attributes): tf.Tensor {
  const weighted = tf.mul(dy, y);
  return tf.sub(weighted, tf.mul(tf.sum(weighted, dim as number, true), y));
}

function logSoftmaxGradient(dy: tf.Tensor, y: tf.Tensor, { axis }: Attributes): tf.Tensor {
  return tf.sub(dy, tf.mul(tf.sum(dy, axis as number, true), tf.exp(y)));
}
