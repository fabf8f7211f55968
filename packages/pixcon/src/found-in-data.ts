import { type ClassificationDataset, PixconError } from '@pixcon/core';
import type { FoundLabel, SegmentationFolder } from '@pixcon/datasets';
import type { TrainValidationSplit } from '@pixcon/evaluation';

/** What a labelled set holds. */
export interface FoundInData {
  /** In a sentence. */
  readonly description: string;
  /** With labels. */
  readonly images: number;
  /** Null for segments, which are told apart within an image. */
  readonly classes: number | null;
  /** How many different labels there are, void ones too. */
  readonly labels: number;
  /** Null for more than can be looked at. */
  readonly histogram: readonly HistogramEntry[] | null;
}

/** What was found, and the indices of the images of each class. */
export interface FoundClasses {
  readonly found: FoundInData;
  readonly imagesOf: ReadonlyMap<string, readonly number[]>;
}

export interface HistogramEntry {
  /** The value in the masks; a class's number for whole images. */
  readonly value: number;
  /** Its class; null for void, and for segments. */
  readonly name: string | null;
  readonly void: boolean;
  /** Null for whole images. */
  readonly pixels: number | null;
  /** Images that show it. */
  readonly images: number;
}

/** Of whole images. */
export function foundClasses(dataset: ClassificationDataset): FoundClasses {
  const { classNames, length } = dataset;
  const imagesOf = new Map<string, number[]>(classNames.map((name) => [name, []]));
  for (let index = 0; index < length; index++) {
    imagesOf.get(classNames[dataset.label(index)] as string)?.push(index);
  }
  const histogram = classNames.map((name, value) => {
    return { value, name, void: false, pixels: null, images: imagesOf.get(name)?.length ?? 0 };
  });
  const shown = histogram.map(({ name, images }) => `${name} (${images})`);
  const [classes, labels] = [classNames.length, classNames.length];
  const description = `found: ${counted(length, 'image')} of ${shortened(shown)}`;
  return { found: { description, images: length, classes, labels, histogram }, imagesOf };
}

/** Of pixels with a class. */
export function foundPixels(folder: SegmentationFolder, labels: readonly FoundLabel[]): FoundClasses {
  const { classNames, labelValues } = folder;
  const nameOf = (value: number) => classNames[labelValues.indexOf(value)] ?? null;
  const histogram = labels.map((label) => ({
    ...label,
    name: label.void ? null : nameOf(label.value),
    images: label.images.length,
  }));
  const used = histogram.filter((label) => !label.void);
  const imagesOf = new Map(
    labels.flatMap((label) => {
      const name = label.void ? null : nameOf(label.value);
      return name === null ? [] : [[name, label.images] as const];
    }),
  );
  const unused =
    folder.unused.length === 0 ? '' : `, ${counted(folder.unused.length, 'mask')} without an image`;
  const values = used.map(({ value }) => String(value));
  return {
    found: {
      description: `found: ${counted(folder.length, 'image')} with a mask${unused}; labels ${shortened(values)}; ${voidShare(labels)}`,
      images: folder.length,
      classes: used.length,
      labels: labels.length,
      histogram,
    },
    imagesOf,
  };
}

/** Of pixels with a segment. */
export function foundSegments(images: number, labels: readonly FoundLabel[]): FoundInData {
  const shown = labels.reduce((sum, label) => sum + (label.void ? 0 : label.images.length), 0);
  const histogram = labels.map((label) => ({ ...label, name: null, images: label.images.length }));
  return {
    description: `found: ${counted(images, 'image')} with ${counted(shown, 'segment')}, ${(shown / images).toFixed(1)} each; ${voidShare(labels)}`,
    images,
    classes: null,
    labels: labels.length,
    histogram: histogram.length > 1024 ? null : histogram,
  };
}

/**
 * Which classes appear on one side of a split alone.
 *
 * @throws PixconError `data` when a side shows fewer than two classes
 */
export function oneSided(
  imagesOf: FoundClasses['imagesOf'],
  { train, validation }: Pick<TrainValidationSplit, 'train' | 'validation'>,
): string[] {
  const [toLearn, toScore] = [new Set(train), new Set(validation)];
  const names = (side: ReadonlySet<number>) =>
    [...imagesOf].filter(([, images]) => images.some((index) => side.has(index))).map(([name]) => name);
  const [learned, scored] = [names(toLearn), names(toScore)];
  for (const [side, found, count] of [
    ['learn from', learned, train.length],
    ['score', scored, validation.length],
  ] as const) {
    if (found.length > 1) continue;
    throw new PixconError(
      'data',
      `nothing can be told apart among the ${counted(count, 'image')} to ${side}: expected two classes, got ${found[0] === undefined ? 'none' : `${found[0]} alone`} of ${imagesOf.size}; split otherwise (--split, the folders of --data) or raise --limit`,
    );
  }
  const only = (some: readonly string[], others: readonly string[], sentence: string) => {
    const missing = some.filter((name) => !others.includes(name));
    return missing.length === 0 ? [] : [`${sentence}: ${shortened(missing)}`];
  };
  return [
    ...only(
      scored,
      learned,
      'among the images to score but not among those to learn from, so never recognized',
    ),
    ...only(
      learned,
      scored,
      'among the images to learn from but not among those to score, so without a score',
    ),
  ];
}

function voidShare(labels: readonly FoundLabel[]): string {
  const sum = (some: readonly FoundLabel[]) => some.reduce((total, { pixels }) => total + pixels, 0);
  const voids = labels.filter((label) => label.void);
  if (voids.length === 0) return 'nothing is void';
  const share = (100 * sum(voids)) / sum(labels);
  return `void: ${shortened(voids.map(({ value }) => String(value)))} (${share.toFixed(1)} % of the pixels)`;
}

function shortened(parts: readonly string[]): string {
  if (parts.length > 12) return `${parts.slice(0, 10).join(', ')} and ${parts.length - 10} more`;
  return parts.join(', ');
}

export function counted(count: number, thing: string): string {
  return `${count.toLocaleString('en')} ${thing}${count === 1 ? '' : 's'}`;
}
