import {
  batchNormalization,
  convolution,
  exponentialMovingAverages,
  fullPrecision,
  gatherCells,
  gelu,
  globalAveragePool,
  l2Normalize,
  larsUpdates,
  linear,
  maskedBatchNormalization,
  maxPool,
  mostSimilarCells,
  normalizeInside,
  ringWrite,
  roiAlign,
  sgdUpdates,
  softCrossEntropy,
  softmax,
  streamingInfoNce,
  valueAndGradients,
  weightedMean,
} from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { type TrialConvolution, trialConvolutions, trialLinears } from './layers.ts';

/** A part of a training step. */
export interface TrialOperation {
  /** Goes after "in ": `a 1×1 convolution of 512 channels to 2048`. */
  readonly name: string;
  /** Computes it, forward and backward; the result is one that waits for all of it. */
  run(): tf.Tensor;
}

/**
 * Every kind of operation that a training step takes, at small sizes.
 *
 * @param which `all`, or a `few` that take little even where each first needs its shader compiled on the processor
 */
export function trialOperations(which: 'all' | 'few' = 'all'): TrialOperation[] {
  const few = [
    { name: 'an evaluation', run: tryEvaluation },
    { name: 'updates of parameters', run: tryUpdates },
  ];
  if (which === 'few') return few;
  return [
    ...trialConvolutions.map((layer) => ({ name: nameOf(layer), run: () => tryConvolution(layer) })),
    { name: 'a residual block', run: tryBlock },
    ...(tf.getBackend() === 'webgpu' ? [{ name: 'mixed precision', run: tryMixedPrecision }] : []),
    ...trialLinears.map((sizes) => ({
      name: `a linear layer of ${sizes[0]} channels to ${sizes[1]}`,
      run: () => tryLinear(sizes),
    })),
    { name: 'the contrastive loss', run: tryInfoNce },
    { name: 'matching', run: tryMatching },
    { name: 'softmax', run: trySoftmax },
    ...few,
  ];
}

const batch = 2;

function nameOf({ size, input, output, stride, dilation }: TrialConvolution): string {
  const more = `${stride > 1 ? `, stride ${stride}` : ''}${dilation > 1 ? `, dilation ${dilation}` : ''}`;
  return `a ${size}×${size} convolution of ${input} channels to ${output}${more}`;
}

function tryConvolution({ size, input, output, stride, dilation }: TrialConvolution): tf.Tensor {
  const side = sideOf(input, output);
  const parameters = {
    x: variable([batch, side, side, input]),
    filter: variable([size, size, input, output]),
    ...normalizationOf(output),
  };
  const padding = (dilation * (size - 1)) / 2;
  return differentiate(parameters, () =>
    batchNormalization(
      convolution(parameters.x, parameters.filter, { stride, padding, dilation }),
      parameters,
      { training: true, relu: true },
    ),
  );
}

/** Of the images that a layer gets where a photo has 112 pixels. */
function sideOf(input: number, output: number): number {
  return input === 3 ? 32 : Math.max(4, 1792 / Math.min(input, output));
}

/** Normalization, sum and ReLU as they are fused, and the pooling behind the stem. */
function tryBlock(): tf.Tensor {
  const [first, second] = [normalizationOf(64), normalizationOf(64)];
  const parameters = {
    x: variable([batch, 8, 8, 64]),
    filter: variable([3, 3, 64, 64]),
    firstScale: first.scale,
    firstOffset: first.offset,
    secondScale: second.scale,
    secondOffset: second.offset,
  };
  return differentiate(parameters, () => {
    const pending = normalizeInside(parameters.x, first, { training: true, relu: true });
    const pooled = maxPool(pending, { size: 3, stride: 2, padding: 1 });
    const inner = normalizeInside(pooled, first, { training: true, relu: true });
    const convolved = convolution(inner, parameters.filter, { padding: 1 });
    return batchNormalization(convolved, second, { training: true, relu: true, residual: pooled });
  });
}

/** Images of two bytes a number, with the matrix units where there are some. */
function tryMixedPrecision(): tf.Tensor {
  const parameters = {
    x: variable([batch, 8, 8, 64]),
    filter: variable([3, 3, 64, 64]),
    ...normalizationOf(64),
  };
  return differentiate(parameters, () => {
    const convolved = convolution(parameters.x, parameters.filter, { padding: 1, half: true });
    const inner = normalizeInside(convolved, parameters, { training: true, relu: true });
    const pooled = maxPool(inner, { size: 3, stride: 2, padding: 1 });
    return fullPrecision(convolution(pooled, parameters.filter, { padding: 1 }));
  });
}

function tryEvaluation(): tf.Tensor {
  const x = variable([batch, 8, 8, 64]);
  return tf.tidy(() =>
    weightedMean(
      globalAveragePool(batchNormalization(x, normalizationOf(64), { training: false, relu: true })),
    ),
  );
}

function tryLinear([input, output]: readonly [number, number]): tf.Tensor {
  const parameters = {
    x: variable([8, input]),
    weight: variable([input, output]),
    bias: variable([output]),
    ...normalizationOf(output),
  };
  const { x, weight, bias } = parameters;
  return differentiate(parameters, () =>
    batchNormalization(linear(x, weight, bias), parameters, {
      training: true,
      relu: true,
    }),
  );
}

/** Cells and images against a queue of a few tiles. */
function tryInfoNce(): tf.Tensor {
  const parameters = { features: variable([batch, 7, 7, 128]) };
  const queue = variable([2100, 128]);
  return differentiate(parameters, () => {
    const cells = l2Normalize(tf.reshape<tf.Rank.R2>(parameters.features, [batch * 49, 128]));
    const images = l2Normalize(globalAveragePool(parameters.features));
    const settings = { temperature: 0.2, tileSize: 1024 };
    return tf.concat([
      streamingInfoNce(cells, cells, queue, settings),
      streamingInfoNce(images, images, queue, settings),
    ]);
  });
}

function tryMatching(): tf.Tensor {
  const parameters = { features: variable([batch, 7, 7, 512]) };
  return differentiate(parameters, () => {
    const features = parameters.features;
    const cells = tf.reshape<tf.Rank.R3>(features, [batch, 49, 512]);
    const { index } = mostSimilarCells(cells, cells);
    const region = { image: 1, x0: 1, y0: 1, x1: 5.5, y1: 6 };
    const regions = roiAlign(features, [region], { outputHeight: 2, outputWidth: 2 });
    return tf.concat([tf.reshape(gatherCells(cells, index), [-1]), tf.reshape(regions, [-1])]);
  });
}

function trySoftmax(): tf.Tensor {
  const parameters = { x: variable([98, 256]), ...normalizationOf(256) };
  return differentiate(parameters, () => {
    const x = parameters.x;
    const targets = softmax(variable([98, 256]), { temperature: 0.07 });
    const mask = tf.ones<tf.Rank.R1>([98]);
    const hidden = gelu(maskedBatchNormalization(x, mask, parameters));
    return softCrossEntropy(hidden, targets, { temperature: 0.1 });
  });
}

function tryUpdates(): tf.Tensor {
  const pair = () => ({ variable: variable([64, 128]), gradient: variable([64, 128]) });
  const settings = { learningRate: 0.1, momentum: 0.9, weightDecay: 1e-4 };
  const first = { ...pair(), velocity: undefined };
  const [velocity] = sgdUpdates([first], settings);
  sgdUpdates([{ ...first, velocity }], settings);
  const layerwise = { ...pair(), velocity: variable([64, 128]), adaptive: true };
  larsUpdates([layerwise], { ...settings, trustCoefficient: 0.001, epsilon: 1e-9 });
  exponentialMovingAverages([{ target: first.variable, online: layerwise.variable }], 0.99);
  const ring = variable([96, 128]);
  ringWrite(ring, first.variable, 64);
  return tf.tidy(() => weightedMean(tf.concat([ring, layerwise.variable])));
}

function normalizationOf(channels: number) {
  return {
    scale: variable([channels]),
    offset: variable([channels]),
    runningMean: variable([channels]),
    runningVariance: tf.variable(tf.ones([channels])),
  };
}

/** The mean of what `f` gives plus a value of each gradient: reading it waits for all of them. */
function differentiate(
  parameters: Readonly<Record<string, { readonly id: number }>>,
  f: () => tf.Tensor,
): tf.Tensor {
  const { value, gradients } = valueAndGradients(
    () => weightedMean(f()),
    new Map(Object.entries(parameters)) as unknown as Map<string, tf.Variable>,
  );
  return tf.tidy(() => {
    const firsts = [...gradients.values()].map((gradient) =>
      tf.slice(tf.reshape(fullPrecision(gradient), [-1]), 0, 1),
    );
    return tf.concat([tf.reshape(value, [1]), ...firsts]);
  });
}

type Shape = [number] | [number, number] | [number, number, number, number];

interface RankOf {
  1: tf.Rank.R1;
  2: tf.Rank.R2;
  4: tf.Rank.R4;
}

/** Values of up to ±1/2, without a draw of the backend that is on trial. */
function variable<S extends Shape>(shape: S): tf.Variable<RankOf[S['length']]> {
  const values = new Float32Array(tf.util.sizeFromShape(shape));
  for (let i = 0; i < values.length; i++) values[i] = ((i * 0.618034) % 1) - 0.5;
  return tf.variable(tf.tensor(values, [...shape])) as unknown as tf.Variable<RankOf[S['length']]>;
}
