import { baseName, imageKey, maskKey, plainFolders, stem } from './mask-words.ts';

export interface NamePair {
  /** Index of the image. */
  readonly image: number;
  /** Index of the mask. */
  readonly mask: number;
}

export interface NamePairs {
  /** In the order of the images; no image and no mask is in two. */
  readonly pairs: readonly NamePair[];
  /** Masks whose image has another one, which was preferred. */
  readonly passedOver: readonly { readonly mask: number; readonly preferred: number }[];
  /** Masks that belong to no image. */
  readonly withoutImage: readonly number[];
}

/**
 * Which mask belongs to which image, by their paths. First the same path, extension aside; then the same path once
 * what says "image" or "mask" is cut from the name (`_leftImg8bit`, `_mask`); then once such folders are cut, too
 * (`images/train/1`, `labels/train/1`); then the same name anywhere. Each step takes only what one image alone asks
 * for, and the last only a name that one image and one mask have.
 *
 * @param images paths, relative, with `/`
 * @param masks paths, relative to a folder of their own
 * @param suffixes ends of a mask's name in order of preference, besides those that every mask may have
 *
 * @example
 * pairNames(['a/1.jpg', 'b/1.jpg'], ['a/1.png']).pairs; // => [{ image: 0, mask: 0 }]
 */
export function pairNames(
  images: readonly string[],
  masks: readonly string[],
  suffixes: readonly string[] = [],
): NamePairs {
  const cutMask = remembered((mask) => withoutSuffix(masks[mask] as string, suffixes));
  const cutImage = remembered((image) => imageKey(images[image] as string));
  const byPreference = inOrder(masks, suffixes);
  const maskOf = new Map<number, number>();
  const taken = new Set<number>();
  const step = (
    keyOfImage: (image: number) => string,
    keyOfMask: (mask: number) => string,
    alone = false,
  ) => {
    if (maskOf.size === images.length || taken.size === masks.length) return;
    const asking = grouped([...images.keys()], keyOfImage);
    const offered = grouped(byPreference, keyOfMask);
    for (const [key, group] of asking) {
      const [image, second] = group;
      const candidates = offered.get(key) ?? [];
      if (image === undefined || second !== undefined || maskOf.has(image)) continue;
      // Of one place: `x_labelIds` and `x_color`, but not `a/x` and `b/x`.
      if (alone && new Set(candidates.map(cutMask)).size > 1) continue;
      const mask = candidates.find((each) => !taken.has(each));
      if (mask === undefined) continue;
      maskOf.set(image, mask);
      taken.add(mask);
    }
  };
  const imagePath = (image: number) => images[image] as string;
  const maskPath = (mask: number) => masks[mask] as string;
  step(imagePath, maskPath);
  step(
    (image) => stem(imagePath(image)),
    (mask) => stem(maskPath(mask)),
  );
  step((image) => stem(imagePath(image)), cutMask);
  step(cutImage, cutMask);
  step(
    (image) => plainFolders(cutImage(image)),
    (mask) => plainFolders(cutMask(mask)),
  );
  step(
    (image) => baseName(cutImage(image)),
    (mask) => baseName(cutMask(mask)),
    true,
  );

  const left = [...masks.keys()].filter((mask) => !taken.has(mask));
  const takenOf = new Map(left.length === 0 ? [] : [...taken].map((mask) => [cutMask(mask), mask]));
  return {
    pairs: [...maskOf].map(([image, mask]) => ({ image, mask })).sort((a, b) => a.image - b.image),
    passedOver: left.flatMap((mask) => {
      const preferred = takenOf.get(cutMask(mask));
      return preferred === undefined ? [] : [{ mask, preferred }];
    }),
    withoutImage: left.filter((mask) => !takenOf.has(cutMask(mask))),
  };
}

/** Indices of masks, the preferred ends of names first. */
function inOrder(masks: readonly string[], suffixes: readonly string[]): number[] {
  const ranks = masks.map((path) => {
    const whole = stem(path);
    const found = suffixes.findIndex((suffix) => suffix !== '' && whole.endsWith(suffix));
    return found < 0 ? suffixes.length : found;
  });
  return [...masks.keys()].sort((a, b) => (ranks[a] as number) - (ranks[b] as number) || a - b);
}

function remembered(find: (index: number) => string): (index: number) => string {
  const known = new Map<number, string>();
  return (index) => {
    const value = known.get(index) ?? find(index);
    known.set(index, value);
    return value;
  };
}

function withoutSuffix(path: string, suffixes: readonly string[]): string {
  const whole = stem(path);
  const known = suffixes.find((suffix) => suffix !== '' && whole.endsWith(suffix));
  return known === undefined ? (maskKey(path) ?? whole) : whole.slice(0, -known.length);
}

function grouped(values: readonly number[], keyOf: (value: number) => string): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}
