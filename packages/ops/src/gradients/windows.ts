import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { type Attributes, ofInput } from './config.ts';
import { convolutionGradients } from './convolutions.ts';
import { runGradientKernel } from './run-gradient-kernel.ts';
import { averageGradient, resizeGradient } from './separable.ts';
import { unbroadcast } from './unbroadcast.ts';

/** Gradients of kernels that look at images through windows, and of those that work on channels. */
export function windowGradients(): tf.GradConfig[] {
  return [
    ...convolutionGradients(),
    ofInput('AvgPool', (dy, x, attributes) => averageGradient(dy, x, attributes)),
    ofInput('AvgPool3D', (dy, x, attributes) => averageGradient(dy, x, attributes)),
    maxPoolGradient('MaxPool'),
    maxPoolGradient('MaxPool3D'),
    { kernelName: 'Dilation2D', inputsToSave: ['x', 'filter'], gradFunc: morphologicalGradient },
    {
      kernelName: 'LRN',
      inputsToSave: ['x'],
      outputsToSave: [true],
      gradFunc: (dy, saved, attributes) => {
        const [x, y] = saved as [tf.Tensor, tf.Tensor];
        return {
          x: () =>
            runGradientKernel(
              'tf.localResponseNormalization',
              'LRNGrad',
              { x, y, dy: dy as tf.Tensor },
              attributes,
            ),
        };
      },
    },
    ofInput(
      'ResizeBilinear',
      (dy, x, attributes) => resizeGradient('ResizeBilinear', dy, x, attributes),
      'images',
    ),
    ofInput('ResizeNearestNeighbor', (dy, x, attributes) => resizeGradient('ResizeNearestNeighbor', dy, x, attributes), 'images'), // biome-ignore format: as above
    {
      kernelName: 'FusedBatchNorm',
      inputsToSave: whereGiven('x', 'mean', 'variance', 'scale'),
      gradFunc: batchNormGradient,
    },
  ];
}

function maxPoolGradient(kernelName: 'MaxPool' | 'MaxPool3D'): tf.GradConfig {
  const operation = kernelName === 'MaxPool' ? 'tf.maxPool' : 'tf.maxPool3d';
  return {
    kernelName,
    inputsToSave: ['x'],
    outputsToSave: [true],
    gradFunc: (dy, saved, attributes) => {
      const [input, output] = saved as [tf.Tensor, tf.Tensor];
      const rounding = (attributes as Attributes).dimRoundingMode;
      if (rounding === 'ceil' || rounding === 'round') {
        throw new PixconError(
          'invalid-argument',
          `${operation}: a dimRoundingMode of '${rounding}' has no gradient; leave it out, and pad the images with tf.pad`,
        );
      }
      const inputs = { dy: dy as tf.Tensor, input, output };
      return { x: () => runGradientKernel(operation, `${kernelName}Grad`, inputs, attributes) };
    },
  };
}

const morphologicalGradient: tf.GradFunc = (dy, saved, attributes) => {
  const [x, filter] = saved as [tf.Tensor, tf.Tensor];
  const inputs = { x, filter, dy: dy as tf.Tensor };
  return {
    x: () => runGradientKernel('tf.dilation2d', 'Dilation2DBackpropInput', inputs, attributes),
    filter: () => runGradientKernel('tf.dilation2d', 'Dilation2DBackpropFilter', inputs, attributes),
  };
};

/** Names of inputs to save, of which some may be left out: the engine would save those, too, and fail. */
function whereGiven(...names: string[]): string[] {
  const map: typeof names.map = (pick) => [...names].map(pick).filter(Boolean);
  return Object.assign([...names], { map });
}

/** Normalization by given statistics, which have gradients, too. */
const batchNormGradient: tf.GradFunc = (dy, saved, attributes) => {
  const [x, mean, variance, scale] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor | undefined];
  const gradient = dy as tf.Tensor;
  const { varianceEpsilon } = attributes as unknown as { varianceEpsilon: number };
  const inverse = () => tf.rsqrt(tf.add(variance, varianceEpsilon));
  const slope = () => (scale ? tf.mul(inverse(), scale) : inverse());
  const centred = () => tf.sub(x, mean);
  return {
    x: () => tf.mul(gradient, slope()),
    mean: () => unbroadcast(tf.neg(tf.mul(gradient, slope())), mean.shape),
    variance: () => {
      const factor = tf.mul(tf.mul(slope(), tf.square(inverse())), -0.5);
      return unbroadcast(tf.mul(tf.mul(gradient, centred()), factor), variance.shape);
    },
    scale: () => unbroadcast(tf.mul(gradient, tf.mul(centred(), inverse())), mean.shape),
    offset: () => unbroadcast(gradient, mean.shape),
  };
};
