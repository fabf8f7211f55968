import {
  assertOneOf,
  type ClassificationDataset,
  type ImageDataset,
  PixconError,
  RandomStream,
} from '@pixcon/core';
import { type SplitChoice, splitFolders } from '@pixcon/datasets/folders';

/** Images to learn from and images to score. */
export interface TrainValidationSplit {
  /** Indices in the data set. */
  readonly train: readonly number[];
  /** Indices in the data set. */
  readonly validation: readonly number[];
  /** How they were told apart, a phrase. */
  readonly description: string;
  /** What was decided between two readings of the folders, and how to take the other; one sentence each. */
  readonly notices: readonly string[];
}

export interface TrainValidationOptions {
  /** At most so many images of each side, evenly spaced over their order. Default all. */
  readonly limit?: number;
  /**
   * `auto`: by folders where all that lie side by side are parts of a split, else by a hash. `folders`: by those that
   * are, whatever lies beside them. `hash`: by a hash even so. Default `auto`.
   */
  readonly split?: SplitChoice;
}

/**
 * Splits a data set: by its folders where names say so (`train/` and `val/`, `images/train2017/` and
 * `images/val2017/`, `Training/` and `Testing/`: `splitFolders` of `@pixcon/datasets/folders`), otherwise by a hash of
 * the name, a fifth for validation. An image's side of the hash depends on its name alone, so the split stays when
 * images are added; only a class that would be on one side alone gives its next image to the other.
 *
 * @throws PixconError `data` when there are fewer than two images, or with `folders` no folders that split them
 *
 * @example
 * const { train, validation, description } = trainValidationSplit(dataset);
 * description; // => 'train/ and val/'
 */
export function trainValidationSplit(
  dataset: Pick<ImageDataset, 'length' | 'name'> & Partial<Pick<ClassificationDataset, 'label'>>,
  options: TrainValidationOptions = {},
): TrainValidationSplit {
  const { limit = Number.POSITIVE_INFINITY, split = 'auto' } = options;
  assertOneOf('trainValidationSplit', 'split', split, ['auto', 'folders', 'hash']);
  const names = Array.from({ length: dataset.length }, (_, index) => dataset.name(index));
  const { sides, description, notices } = splitFolders(names, split);
  if (!sides && split === 'folders') {
    throw new PixconError(
      'data',
      `trainValidationSplit: expected folders to learn from (train) and to score (val, test) by --split folders (split: 'folders'), found none among the ${names.length} images${names.length === 0 ? '' : `, such as ${names[0]}`}`,
    );
  }
  const found = sides ? { ...sides, description } : byHash(names, dataset.label?.bind(dataset));
  return {
    description: found.description,
    notices,
    train: evenly(found.train, limit),
    validation: evenly(found.validation, limit),
  };
}

function byHash(
  names: readonly string[],
  label: ((index: number) => number) | undefined,
): Omit<TrainValidationSplit, 'notices'> {
  if (names.length < 2) {
    throw new PixconError(
      'data',
      `trainValidationSplit: expected at least two images, one to learn from and one to score, got ${names.length}`,
    );
  }
  const random = new RandomStream(0);
  const hashed = names.map((name, index) => ({ index, hash: random.fork(name).uniform() }));
  hashed.sort((a, b) => a.hash - b.hash);
  const below = hashed.filter(({ hash }) => hash < 0.2).length;
  const count = Math.min(Math.max(below, 1), names.length - 1);
  const order = hashed.map(({ index }) => index);
  const chosen = new Set(order.slice(0, count));
  if (label) spreadClasses(order, chosen, label);
  return {
    train: [...names.keys()].filter((index) => !chosen.has(index)),
    validation: [...names.keys()].filter((index) => chosen.has(index)),
    description: 'a fifth of the images for validation, by a hash of their names',
  };
}

/** Gives each class of two images or more one on both sides. */
function spreadClasses(
  order: readonly number[],
  chosen: Set<number>,
  label: (index: number) => number,
): void {
  const classes = new Map<number, number[]>();
  for (const index of order) {
    const members = classes.get(label(index));
    if (members) members.push(index);
    else classes.set(label(index), [index]);
  }
  for (const members of classes.values()) {
    const [first, last] = [members[0] as number, members.at(-1) as number];
    if (first === last) {
      if (chosen.size > 1) chosen.delete(first);
    } else if (!chosen.has(first)) chosen.add(first);
    else chosen.delete(last);
  }
}

/** `limit` of `values`, evenly spaced, the first among them. */
export function evenly(values: readonly number[], limit: number): readonly number[] {
  if (values.length <= limit) return values;
  return Array.from({ length: limit }, (_, at) => values[Math.floor((at * values.length) / limit)] as number);
}
