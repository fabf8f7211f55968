import { type ImageDataset, PixconError, RandomStream } from '@pixcon/core';

/** Images to learn from and images to score. */
export interface TrainValidationSplit {
  /** Indices in the data set. */
  readonly train: readonly number[];
  /** Indices in the data set. */
  readonly validation: readonly number[];
  /** How they were told apart, a phrase. */
  readonly description: string;
}

export interface TrainValidationOptions {
  /** At most so many images of each side, evenly spaced over their order. Default all. */
  readonly limit?: number;
}

const trainFolder = /^train(ing)?(2\d{3})?$/i;
const validationFolders = [/^val(id|idation)?(2\d{3})?$/i, /^test(2\d{3})?$/i];

/**
 * Splits a data set: by its folders where names begin with `train/` and `val/` (or `validation/`, `valid/`,
 * `test/`), otherwise by a hash of the name, a fifth for validation. An image's side of the hash depends on its name
 * alone, so the split stays when images are added.
 *
 * @throws PixconError `data` when there are fewer than two images
 *
 * @example
 * const { train, validation, description } = trainValidationSplit(dataset);
 * description; // => 'train/ and val/'
 */
export function trainValidationSplit(
  dataset: Pick<ImageDataset, 'length' | 'name'>,
  options: TrainValidationOptions = {},
): TrainValidationSplit {
  const { limit = Number.POSITIVE_INFINITY } = options;
  const all = Array.from({ length: dataset.length }, (_, index) => index);
  const folderOf = (index: number) => {
    const name = dataset.name(index);
    return name.includes('/') ? name.slice(0, name.indexOf('/')) : '';
  };
  const found = byFolders(all, folderOf) ?? byHash(all, (index) => dataset.name(index));
  return {
    ...found,
    train: evenly(found.train, limit),
    validation: evenly(found.validation, limit),
  };
}

function byFolders(
  all: readonly number[],
  folderOf: (index: number) => string,
): TrainValidationSplit | undefined {
  const train = all.filter((index) => trainFolder.test(folderOf(index)));
  for (const pattern of validationFolders) {
    const validation = all.filter((index) => pattern.test(folderOf(index)));
    if (train.length === 0 || validation.length === 0) continue;
    const description = `${folderOf(train[0] as number)}/ and ${folderOf(validation[0] as number)}/`;
    return { train, validation, description };
  }
  return undefined;
}

function byHash(all: readonly number[], nameOf: (index: number) => string): TrainValidationSplit {
  if (all.length < 2) {
    throw new PixconError(
      'data',
      `trainValidationSplit: expected at least two images, one to learn from and one to score, got ${all.length}`,
    );
  }
  const random = new RandomStream(0);
  const hashed = all.map((index) => ({ index, hash: random.fork(nameOf(index)).uniform() }));
  hashed.sort((a, b) => a.hash - b.hash);
  const below = hashed.filter(({ hash }) => hash < 0.2).length;
  const count = Math.min(Math.max(below, 1), all.length - 1);
  const chosen = new Set(hashed.slice(0, count).map(({ index }) => index));
  return {
    train: all.filter((index) => !chosen.has(index)),
    validation: all.filter((index) => chosen.has(index)),
    description: 'a fifth of the images for validation, by a hash of their names',
  };
}

/** `limit` of `values`, evenly spaced, the first among them. */
export function evenly(values: readonly number[], limit: number): readonly number[] {
  if (values.length <= limit) return values;
  return Array.from({ length: limit }, (_, at) => values[Math.floor((at * values.length) / limit)] as number);
}
