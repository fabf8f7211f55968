import { type Backbone, type Parameters, PixconError, type SegmentationDataset } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { assertTelling } from './assert-telling.ts';
import { cellFractions } from './cell-fractions.ts';
import { type EvaluationOptions, onFrozenNetwork } from './evaluation-options.ts';
import type { EvaluationResult } from './evaluation-result.ts';
import { forEachImage, type ResolvedFeatureOptions } from './feature-maps.ts';
import { featureWarnings } from './feature-warnings.ts';
import type { FrozenNetwork } from './frozen-network.ts';
import { type LogisticProbe, logisticProbe, probeLogits } from './logistic-probe.ts';
import { type ProbeOptions, probeWarnings } from './probe-options.ts';
import { segmentationResult } from './segmentation-result.ts';
import { countInto, emptyConfusion, total } from './segmentation-scores.ts';
import { upsampledArgMax } from './upsampled-arg-max.ts';

export interface LinearSegmentationOptions extends EvaluationOptions, ProbeOptions {}

/** Features held for the probe: 512 MB. */
const maximumEntries = 2 ** 27;

/**
 * Linear segmentation of frozen features: a logistic probe on the cells of the train images, scored by the mean IoU
 * of its labelling of every pixel of the validation images.
 *
 * A cell's target is the share of its pixels that each class covers, so that classes smaller than a cell count too;
 * void pixels weigh nothing. For validation, logits are enlarged bilinearly to the mask's own size and the largest
 * wins, as in mmsegmentation. IoU is over all validation pixels together, void ignored, and averaged over the
 * classes that appear in labels or predictions.
 *
 * @param parameters the backbone's, by its own names: `scoped(state.online, method.backbonePrefix)` of a method
 * @returns `metric` mIoU; `details`: pixelAccuracy, trainCells, penalty, iterations, gradientNorm
 * @throws PixconError `invalid-argument` for an option out of range or an image on both sides of the split, `data`
 *   when the images of a side show fewer than two classes, `numerical` for weights or features that are not finite; what
 *   `dataset` throws for an unreadable image
 *
 * @example
 * const { value, perClass } = await linearSegmentation(backbone, parameters, dataset, { imageSize: 128 });
 */
export async function linearSegmentation(
  backbone: Backbone,
  parameters: Parameters,
  dataset: SegmentationDataset,
  options: LinearSegmentationOptions = {},
): Promise<EvaluationResult> {
  const { penalty, seed = 0, ...rest } = options;
  const where = 'linearSegmentation';
  const classCount = dataset.classNames.length;
  return await onFrozenNetwork(where, backbone, parameters, dataset, rest, async (evaluation) => {
    const { network, split, resolved, statistics } = evaluation;
    const rows = await trainRows(backbone, network, dataset, split.train, resolved, classCount);
    const trainTotals = shareTotals(rows.targets, classCount);
    assertTelling(where, 'learn from', 'labelled cells', trainTotals, dataset.classNames);
    const probe = await logisticProbe(rows, { classCount, seed, ...(penalty !== undefined && { penalty }) });
    const confusion = await labelPixels(backbone, network, dataset, split.validation, resolved, probe);
    // Without any label at all, the result says so.
    const scored = confusion.map(total);
    if (total(scored) > 0) assertTelling(where, 'score', 'labelled pixels', scored, dataset.classNames);
    return segmentationResult({
      protocol: 'linear-segmentation',
      dataset,
      confusion,
      details: {
        trainCells: rows.groups.length,
        penalty: probe.penalty,
        iterations: probe.iterations,
        gradientNorm: probe.gradientNorm,
      },
      settings: { ...resolved, statistics, seed },
      warnings: [...featureWarnings(rows.features, rows.dim, 'train cells'), ...probeWarnings(probe)],
      trainTotals,
    });
  });
}

/** Cells with labelled pixels. Where they are too many for memory, the same number of each image is taken, spread. */
async function trainRows(
  backbone: Backbone,
  network: FrozenNetwork,
  dataset: SegmentationDataset,
  indices: readonly number[],
  options: ResolvedFeatureOptions,
  classCount: number,
) {
  const { channels } = options;
  const features: Float32Array[] = [];
  const targets: Float32Array[] = [];
  const groups: number[] = [];
  await forEachImage(backbone, network, dataset, indices, options, tf.clone, async (image) => {
    const { grid } = image;
    const fractions = cellFractions(await dataset.mask(image.index), image.image, grid, classCount);
    const cells = grid.height * grid.width;
    const limit = Math.max(1, Math.floor(maximumEntries / channels / indices.length));
    const stride = Math.ceil(cells / limit);
    for (let cell = image.index % stride; cell < cells; cell += stride) {
      const target = fractions.slice(cell * classCount, (cell + 1) * classCount);
      if (target.every((share) => share === 0)) continue;
      features.push(image.features.slice(cell * channels, (cell + 1) * channels));
      targets.push(target);
      groups.push(image.index);
    }
  });
  if (groups.length === 0) {
    throw new PixconError('data', 'linearSegmentation: every pixel of the train images is void');
  }
  return {
    features: joined(features, channels),
    dim: channels,
    targets: joined(targets, classCount),
    groups: Int32Array.from(groups),
  };
}

async function labelPixels(
  backbone: Backbone,
  network: FrozenNetwork,
  dataset: SegmentationDataset,
  indices: readonly number[],
  options: ResolvedFeatureOptions,
  probe: LogisticProbe,
): Promise<number[][]> {
  const { classes } = probe;
  const confusion = emptyConfusion(dataset.classNames.length);
  await forEachImage(backbone, network, dataset, indices, options, tf.clone, async (image) => {
    const [mask, logits] = [await dataset.mask(image.index), await probeLogits(probe, image.features)];
    const columns = upsampledArgMax(logits, image.grid, classes.length, image.image);
    countInto(
      confusion,
      columns.map((column) => classes[column] as number),
      mask,
    );
  });
  return confusion;
}

function shareTotals(targets: Float32Array, classCount: number): number[] {
  const totals = new Array<number>(classCount).fill(0);
  for (const [at, target] of targets.entries())
    totals[at % classCount] = (totals[at % classCount] ?? 0) + target;
  return totals;
}

function joined(rows: readonly Float32Array[], width: number): Float32Array {
  const result = new Float32Array(rows.length * width);
  for (const [row, values] of rows.entries()) result.set(values, row * width);
  return result;
}
