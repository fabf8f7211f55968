import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { byolAugmentation } from '@pixcon/augment';
import { type ImageDataset, type Parameters, PixconError } from '@pixcon/core';
import { classFolder, segmentationFolder, segmentFolder } from '@pixcon/datasets';
import {
  cellNearestNeighbours,
  type EvaluationResult,
  imageNearestNeighbours,
  keepResized,
  linearClassification,
  linearSegmentation,
  matchConsistency,
  type ProtocolName,
  type StatisticsMode,
  segmentedPairs,
  type TrainValidationSplit,
  trainValidationSplit,
} from '@pixcon/evaluation';
import { buildAugmentation } from './augmentation-config.ts';
import type { OpenedRun } from './open-run.ts';

/** What to measure, on what. */
export interface EvaluationChoices {
  /** Folder of images. */
  readonly data: string;
  /** Folder of masks, for the protocols that need one. */
  readonly masks?: string;
  readonly protocol: ProtocolName;
  readonly stage?: string;
  readonly imageSize?: number;
  readonly neighbours?: number;
  /** What matches cells in `match-consistency`: the run's own strategy, or similarity. */
  readonly matching: 'method' | 'similarity';
  /** What batch normalization uses. */
  readonly statistics: StatisticsMode;
  /** Mask values that mean "not labelled". */
  readonly void?: readonly number[];
  /** Names, or a file with one a line. */
  readonly classes?: string;
  /** At most so many images of each side of the split. */
  readonly limit?: number;
  readonly seed: number;
}

/** What is known of the images once they are opened. */
export interface EvaluationData {
  /** How many images, masks and classes there are and how they were split, a sentence. */
  readonly description: string;
  readonly train: readonly string[];
  readonly validation: readonly string[];
  readonly unlabelled: readonly string[];
}

/** Images that are ready, and how to score a network on them. */
export interface Evaluation {
  readonly data: EvaluationData;
  score(parameters: Parameters): Promise<EvaluationResult>;
}

/**
 * Opens the images of an evaluation and reads their labels.
 *
 * @throws PixconError `invalid-argument` for choices that do not go together, `data` for folders that do not fit
 */
export async function openEvaluation(run: OpenedRun, options: EvaluationChoices): Promise<Evaluation> {
  const { protocol, data, masks = '', stage, neighbours, limit, seed, statistics } = options;
  const { backbone, matching } = run.method;
  const { mean, standardDeviation } = buildAugmentation(run.config.augmentation, run.config.reference);
  const imageSize = options.imageSize ?? run.config.imageSize;
  const features = {
    imageSize,
    mean,
    standardDeviation,
    statistics,
    ...(stage === undefined ? {} : { stage }),
  };
  assertFolders(options);
  assertStage(run, stage);
  const voidLabels = options.void === undefined ? {} : { voidLabels: options.void };
  const limited = limit === undefined ? {} : { limit };

  if (protocol === 'match-consistency') {
    const dataset = segmentFolder(data, masks, voidLabels);
    // The same crops whatever a run was trained with, so that runs can be compared.
    const { crops } = byolAugmentation();
    const pairs = segmentedPairs(dataset, { imageSize, crops, seed, ...limited });
    const own = options.matching === 'method' && matching ? { matching } : {};
    return {
      data: {
        description: `${pairs.length} images of ${data} with segments, ${pairs.pairsPerImage} pairs of crops each${withoutMask(dataset.unlabelled)}`,
        train: [],
        validation: pairs.names,
        unlabelled: dataset.unlabelled,
      },
      score: (parameters) => matchConsistency(backbone, parameters, pairs, { ...features, ...own }),
    };
  }
  const voting = neighbours === undefined ? {} : { neighbours };
  if (protocol === 'linear-classification' || protocol === 'image-knn') {
    const dataset = keepResized(classFolder(data), { imageSize });
    const split = trainValidationSplit(dataset, limited);
    return {
      data: splitData(dataset, dataset.classNames.length, split, []),
      score: (parameters) =>
        protocol === 'image-knn'
          ? imageNearestNeighbours(backbone, parameters, dataset, { ...features, ...voting, split })
          : linearClassification(backbone, parameters, dataset, { ...features, split, seed }),
    };
  }
  const classNames = options.classes === undefined ? {} : { classNames: await readClasses(options.classes) };
  const folder = await segmentationFolder(data, masks, { ...voidLabels, ...classNames });
  const dataset = keepResized(folder, { imageSize });
  const split = trainValidationSplit(dataset, limited);
  return {
    data: splitData(dataset, dataset.classNames.length, split, folder.unlabelled),
    score: (parameters) =>
      protocol === 'cell-knn'
        ? cellNearestNeighbours(backbone, parameters, dataset, { ...features, ...voting, split })
        : linearSegmentation(backbone, parameters, dataset, { ...features, split, seed }),
  };
}

function assertStage({ method }: OpenedRun, stage: string | undefined): void {
  const names = method.backbone.stages.map(({ name }) => name);
  if (stage === undefined || names.includes(stage)) return;
  throw new PixconError('invalid-argument', `--stage must be one of ${names.join(', ')}, got ${stage}`);
}

function splitData(
  dataset: ImageDataset,
  classes: number,
  split: TrainValidationSplit,
  unlabelled: readonly string[],
): EvaluationData {
  const { train, validation, description } = split;
  return {
    description: `${train.length} images to learn from, ${validation.length} to score, ${classes} classes; split: ${description}${withoutMask(unlabelled)}`,
    train: namesOf(dataset, train),
    validation: namesOf(dataset, validation),
    unlabelled,
  };
}

function withoutMask(names: readonly string[]): string {
  if (names.length === 0) return '';
  return `; left out for want of a mask: ${names.length === 1 ? names[0] : `${names.length} images, such as ${names[0]}`}`;
}

function namesOf(dataset: ImageDataset, indices: readonly number[]): string[] {
  return indices.map((index) => dataset.name(index));
}

/** `a,b,c`, or a file with one name a line. */
async function readClasses(text: string): Promise<string[]> {
  const names = existsSync(text) ? (await readFile(text, 'utf8')).split(/\r?\n/) : text.split(',');
  const given = names.map((name) => name.trim()).filter((name) => name !== '');
  if (given.length > 1) return given;
  throw new PixconError(
    'invalid-argument',
    `--classes must be names with commas between, or a file with one name a line, got ${text}`,
  );
}

function assertFolders({ protocol, masks }: EvaluationChoices): void {
  const wanted = protocol === 'match-consistency' ? 'segments' : 'classes';
  const needed = protocol !== 'linear-classification' && protocol !== 'image-knn';
  if (needed === (masks !== undefined)) return;
  throw new PixconError(
    'invalid-argument',
    needed
      ? `--protocol ${protocol} needs --masks DIR, a folder of PNG files with the ${wanted} of the images’ pixels`
      : `--protocol ${protocol} takes no --masks: the classes are the sub-folders of --data`,
  );
}
