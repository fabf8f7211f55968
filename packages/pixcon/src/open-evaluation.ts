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
import {
  counted,
  type FoundClasses,
  type FoundInData,
  foundClasses,
  foundPixels,
  foundSegments,
  oneSided,
} from './found-in-data.ts';
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
  /** Mask values that mean "not labelled", beside 255; `none`: not even that. */
  readonly void?: readonly number[] | 'none';
  /** How masks lie to photos that EXIF turns. */
  readonly maskOrientation?: 'turned' | 'stored';
  /** What tells images to learn from and images to score apart. */
  readonly split?: 'auto' | 'folders' | 'hash';
  /** Whether masks among the images are images, too. */
  readonly keepMasks?: boolean;
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
  /** What was decided between two readings, and how to take the other; one sentence each. */
  readonly notices: readonly string[];
  readonly found: FoundInData;
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
  const { void: voidLabels = [], maskOrientation } = options;
  const reading = { voidLabels, ...(maskOrientation === undefined ? {} : { maskOrientation }) };
  const limited = limit === undefined ? {} : { limit };
  const splitting = { ...limited, split: options.split ?? 'auto' };

  if (protocol === 'match-consistency') {
    const dataset = segmentFolder(data, masks, reading);
    // The same crops whatever a run was trained with, so that runs can be compared.
    const { crops } = byolAugmentation();
    const pairs = segmentedPairs(dataset, { imageSize, crops, seed, ...limited });
    const own = options.matching === 'method' && matching ? { matching } : {};
    const chosen = new Set(pairs.names);
    const found = foundSegments(
      pairs.length,
      await dataset.labels(indicesOf(dataset).filter((index) => chosen.has(dataset.name(index)))),
    );
    return {
      data: {
        description: `${pairs.length} images of ${data} with segments, ${pairs.pairsPerImage} pairs of crops each${withoutMask(dataset.unlabelled)}`,
        train: [],
        validation: pairs.names,
        unlabelled: dataset.unlabelled,
        notices: dataset.notices,
        found,
      },
      score: (parameters) => matchConsistency(backbone, parameters, pairs, { ...features, ...own }),
    };
  }
  const voting = neighbours === undefined ? {} : { neighbours };
  if (protocol === 'linear-classification' || protocol === 'image-knn') {
    const folder = classFolder(data, {
      masks: options.keepMasks ? 'keep' : 'skip',
      split: splitting.split,
    });
    const dataset = keepResized(folder, { imageSize });
    const split = trainValidationSplit(dataset, splitting);
    return {
      data: splitData(dataset, split, folder, foundClasses(folder)),
      score: (parameters) =>
        protocol === 'image-knn'
          ? imageNearestNeighbours(backbone, parameters, dataset, { ...features, ...voting, split })
          : linearClassification(backbone, parameters, dataset, { ...features, split, seed }),
    };
  }
  const classNames = options.classes === undefined ? {} : { classNames: await readClasses(options.classes) };
  const folder = await segmentationFolder(data, masks, { ...reading, ...classNames });
  const found = foundPixels(folder, await folder.labels());
  const dataset = keepResized(folder, { imageSize });
  const split = trainValidationSplit(dataset, splitting);
  return {
    data: splitData(dataset, split, folder, found),
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
  dataset: ImageDataset & { readonly classNames: readonly string[] },
  split: TrainValidationSplit,
  {
    notices,
    unlabelled = [],
  }: { readonly notices: readonly string[]; readonly unlabelled?: readonly string[] },
  { found, imagesOf }: FoundClasses,
): EvaluationData {
  const { train, validation, description } = split;
  return {
    description: `${counted(train.length, 'image')} to learn from, ${validation.length} to score, ${dataset.classNames.length} classes; split: ${description}${withoutMask(unlabelled)}`,
    train: namesOf(dataset, train),
    validation: namesOf(dataset, validation),
    unlabelled,
    notices: [...notices, ...split.notices, ...oneSided(imagesOf, split)],
    found,
  };
}

function withoutMask(names: readonly string[]): string {
  if (names.length === 0) return '';
  return `; left out for want of a mask: ${names.length === 1 ? names[0] : `${names.length} images, such as ${names[0]}`}`;
}

function indicesOf({ length }: ImageDataset): number[] {
  return Array.from({ length }, (_, index) => index);
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

function assertFolders({
  protocol,
  masks,
  split = 'auto',
  maskOrientation,
  keepMasks = false,
}: EvaluationChoices): void {
  const wanted = protocol === 'match-consistency' ? 'segments' : 'classes';
  const needed = protocol !== 'linear-classification' && protocol !== 'image-knn';
  const refuse = (problem: string) =>
    new PixconError('invalid-argument', `--protocol ${protocol} ${problem}`);
  if (needed && masks === undefined) {
    throw refuse(`needs --masks DIR, a folder of PNG files with the ${wanted} of the images’ pixels`);
  }
  if (!needed && masks !== undefined) {
    throw refuse('takes no --masks: the classes are the sub-folders of --data');
  }
  if (!needed && maskOrientation !== undefined) throw refuse('takes no --mask-orientation: it has no masks');
  if (needed && keepMasks) throw refuse('takes no --keep-masks: masks are never images there');
  if (protocol === 'match-consistency' && split !== 'auto') {
    throw refuse('takes no --split: all images are scored');
  }
}
