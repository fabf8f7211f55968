import { type Backbone, type ClassificationDataset, type Parameters, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertTelling, classTotals } from './assert-telling.ts';
import type { NearestNeighbourEvaluationOptions } from './cell-nearest-neighbours.ts';
import { type EvaluationOptions, type FrozenEvaluation, onFrozenNetwork } from './evaluation-options.ts';
import type { EvaluationResult } from './evaluation-result.ts';
import { forEachImage, type ResolvedFeatureOptions } from './feature-maps.ts';
import { featureWarnings } from './feature-warnings.ts';
import type { FrozenNetwork } from './frozen-network.ts';
import { logisticProbe, probeLogits } from './logistic-probe.ts';
import { nearestNeighbourCells } from './nearest-neighbour-cells.ts';
import { type ProbeOptions, probeWarnings } from './probe-options.ts';
import { emptyConfusion, total } from './segmentation-scores.ts';

export interface LinearClassificationOptions extends EvaluationOptions, ProbeOptions {}

/**
 * Linear classification of frozen features: a logistic probe on globally average-pooled features of the train
 * images, scored by its accuracy on the validation images.
 *
 * @param parameters the backbone's, by its own names: `scoped(state.online, method.backbonePrefix)` of a method
 * @returns `metric` accuracy (top 1); `perClass` is each class's own; `details`: top5Accuracy (null below five
 *   classes), meanClassAccuracy, penalty, iterations, gradientNorm
 * @throws PixconError as `linearSegmentation`
 *
 * @example
 * const flowers = classFolder('flowers');
 * const { value } = await linearClassification(backbone, parameters, flowers, { imageSize: 128 });
 */
export async function linearClassification(
  backbone: Backbone,
  parameters: Parameters,
  dataset: ClassificationDataset,
  options: LinearClassificationOptions = {},
): Promise<EvaluationResult> {
  const { penalty, seed = 0, ...rest } = options;
  const classCount = dataset.classNames.length;
  return await onPooledFeatures('linearClassification', backbone, parameters, dataset, rest, async (data) => {
    const { train, validation, dim } = data;
    const targets = new Float32Array(train.labels.length * classCount);
    for (const [row, label] of train.labels.entries()) targets[row * classCount + label] = 1;
    const probe = await logisticProbe(
      { features: train.features, dim, targets },
      { classCount, seed, ...(penalty !== undefined && { penalty }) },
    );
    const logits = await probeLogits(probe, validation.features);
    const ranked = Array.from(validation.labels, (_, row) => {
      const ofRow = logits.subarray(row * probe.classes.length, (row + 1) * probe.classes.length);
      return [...probe.classes.keys()]
        .sort((a, b) => (ofRow[b] as number) - (ofRow[a] as number))
        .map((column) => probe.classes[column] as number);
    });
    const inTop = (count: number) =>
      total(
        [...validation.labels].map((label, row) => Number(ranked[row]?.slice(0, count).includes(label))),
      ) / validation.labels.length;
    return {
      protocol: 'linear-classification',
      predictions: ranked.map(([first]) => first as number),
      details: {
        top5Accuracy: classCount >= 5 ? inTop(5) : null,
        penalty: probe.penalty,
        iterations: probe.iterations,
        gradientNorm: probe.gradientNorm,
      },
      settings: { seed },
      warnings: probeWarnings(probe),
    };
  });
}

/**
 * Nearest neighbours of images: each validation image is labelled by the most similar train images, by the cosine of
 * their globally average-pooled features, each neighbour voting with exp(cosine / temperature): the protocol of
 * instance discrimination (Wu et al., 2018) and DINO. Nothing is trained.
 *
 * @param parameters the backbone's, by its own names: `scoped(state.online, method.backbonePrefix)` of a method
 * @returns `metric` accuracy; `perClass` is each class's own; `details`: meanClassAccuracy
 * @throws PixconError as `cellNearestNeighbours`
 *
 * @example
 * const { value } = await imageNearestNeighbours(backbone, parameters, classFolder('flowers'), { imageSize: 128 });
 */
export async function imageNearestNeighbours(
  backbone: Backbone,
  parameters: Parameters,
  dataset: ClassificationDataset,
  options: NearestNeighbourEvaluationOptions = {},
): Promise<EvaluationResult> {
  const { neighbours = 20, temperature = 0.07, ...rest } = options;
  const classCount = dataset.classNames.length;
  if (classCount > 256) {
    throw new PixconError('data', `imageNearestNeighbours: expected at most 256 classes, got ${classCount}`);
  }
  return await onPooledFeatures(
    'imageNearestNeighbours',
    backbone,
    parameters,
    dataset,
    rest,
    async (data) => {
      const { dim, train, validation } = data;
      const predictions = await nearestNeighbourCells({
        train: { features: unitRows(train.features, dim), dim, labels: Uint8Array.from(train.labels) },
        test: { features: unitRows(validation.features, dim), dim },
        neighbours,
        temperature,
        classCount,
      });
      return {
        protocol: 'image-knn',
        predictions: [...predictions],
        details: {},
        settings: { neighbours, temperature },
        warnings: [],
      };
    },
  );
}

interface PooledImages {
  /** `[images, dim]`. */
  readonly features: Float32Array;
  readonly labels: readonly number[];
}

interface PooledData {
  readonly dim: number;
  readonly train: PooledImages;
  readonly validation: PooledImages;
}

interface Outcome extends Pick<EvaluationResult, 'protocol' | 'details' | 'settings' | 'warnings'> {
  /** One class per validation image. */
  readonly predictions: readonly number[];
}

async function onPooledFeatures(
  where: string,
  backbone: Backbone,
  parameters: Parameters,
  dataset: ClassificationDataset,
  options: EvaluationOptions,
  predict: (data: PooledData) => Promise<Outcome>,
): Promise<EvaluationResult> {
  const gather = async ({ network, split, resolved, statistics }: FrozenEvaluation) => {
    for (const [side, indices] of [
      ['learn from', split.train],
      ['score', split.validation],
    ] as const) {
      const labels = indices.map((index) => dataset.label(index));
      assertTelling(
        where,
        side,
        'images',
        classTotals(labels, dataset.classNames.length),
        dataset.classNames,
      );
    }
    const data: PooledData = {
      dim: resolved.channels,
      train: await pooled(backbone, network, dataset, split.train, resolved),
      validation: await pooled(backbone, network, dataset, split.validation, resolved),
    };
    return { data, resolved, statistics };
  };
  const evaluation = await onFrozenNetwork(where, backbone, parameters, dataset, options, gather);
  const { data, resolved, statistics } = evaluation;
  const { predictions, details, settings, warnings, ...outcome } = await predict(data);
  const { classNames } = dataset;
  const confusion = emptyConfusion(classNames.length);
  for (const [at, label] of data.validation.labels.entries()) {
    const row = confusion[label] as number[];
    row[predictions[at] as number] = (row[predictions[at] as number] as number) + 1;
  }
  const perClass = confusion.map((row, label) => {
    const count = total(row);
    return count === 0 ? null : (row[label] as number) / count;
  });
  const appearing = perClass.filter((value) => value !== null);
  const trainTotals = classTotals(data.train.labels, classNames.length);
  const commonest = trainTotals.indexOf(Math.max(...trainTotals));
  const images = data.validation.labels.length;
  return {
    ...outcome,
    metric: 'accuracy',
    value: total(confusion.map((row, label) => row[label] as number)) / images,
    chance: total(confusion[commonest] as number[]) / images,
    details: { meanClassAccuracy: total(appearing) / appearing.length, ...details },
    classNames,
    perClass,
    confusion,
    settings: { ...resolved, statistics, ...settings },
    warnings: [...featureWarnings(data.train.features, data.dim, 'train images'), ...warnings],
  };
}

async function pooled(
  backbone: Backbone,
  network: FrozenNetwork,
  dataset: ClassificationDataset,
  indices: readonly number[],
  options: ResolvedFeatureOptions,
): Promise<PooledImages> {
  const { channels } = options;
  const features = new Float32Array(indices.length * channels);
  let row = 0;
  const average = (map: tf.Tensor4D) => tf.mean(map, [1, 2], true) as tf.Tensor4D;
  await forEachImage(backbone, network, dataset, indices, options, average, (image) => {
    features.set(image.features, row * channels);
    row += 1;
  });
  return { features, labels: indices.map((index) => dataset.label(index)) };
}

function unitRows(features: Float32Array, dim: number): Float32Array {
  const result = new Float32Array(features.length);
  for (let start = 0; start < features.length; start += dim) {
    const norm = Math.hypot(...features.subarray(start, start + dim)) || 1;
    for (let at = start; at < start + dim; at++) result[at] = (features[at] as number) / norm;
  }
  return result;
}
