import { baseName, imageKey, isMaskFolder, maskKey, stem } from './mask-words.ts';
import { pairNames } from './pair-names.ts';

/** Masks that lie among images, of one folder or one ending. */
export interface MaskGroup {
  /** `masks/`, or `*_mask.png` for masks beside their images. */
  readonly where: string;
  /** Among the names that were given. */
  readonly indices: readonly number[];
}

/**
 * Finds masks in a tree of images: a folder that is named as one of masks (`masks`, `annotations`, `gtFine`,
 * `SegmentationClass`) and most of whose files are named as images outside it; and files that are named as the mask
 * of another image beside them (`x_mask.png` of `x.jpg`). A folder's name alone decides nothing: a class called
 * `mask` whose photos have names of their own stays.
 *
 * @param names paths, relative, with `/`
 */
export function masksAmongImages(names: readonly string[]): MaskGroup[] {
  const inFolders = maskFolders(names);
  const inside = new Set(inFolders.flatMap(({ indices }) => indices));
  const others = [...names.keys()].filter((index) => !inside.has(index));
  return [...inFolders, ...masksBeside(names, others)];
}

function maskFolders(names: readonly string[]): MaskGroup[] {
  const groups = new Map<string, number[]>();
  const known = new Map<string, string | undefined>();
  for (const [index, name] of names.entries()) {
    const path = name.slice(0, Math.max(0, name.lastIndexOf('/')));
    if (!known.has(path)) {
      const folders = path.split('/');
      const depth = folders.findIndex(isMaskFolder);
      known.set(path, depth < 0 ? undefined : `${folders.slice(0, depth + 1).join('/')}/`);
    }
    const folder = known.get(path);
    if (folder !== undefined) add(groups, folder, index);
  }
  if (groups.size === 0) return [];
  const within = new Set([...groups.values()].flat());
  const images = names.filter((_, index) => !within.has(index));
  return [...groups].flatMap(([where, indices]) => {
    const { pairs, passedOver } = pairNames(
      images,
      indices.map((index) => names[index] as string),
    );
    return 2 * (pairs.length + passedOver.length) >= indices.length ? [{ where, indices }] : [];
  });
}

function masksBeside(names: readonly string[], indices: readonly number[]): MaskGroup[] {
  const named = indices.filter((index) => maskKey(names[index] as string) !== undefined);
  if (named.length === 0) return [];
  const keys = new Set<string>();
  for (const index of indices) {
    const name = names[index] as string;
    keys.add(stem(name));
    if (maskKey(name) === undefined) keys.add(imageKey(name));
  }
  const groups = new Map<string, number[]>();
  for (const index of named) {
    const name = names[index] as string;
    const key = maskKey(name);
    if (key === undefined || !keys.has(key)) continue;
    const [file, ofImage] = [baseName(name), baseName(key)];
    const start = file.startsWith(ofImage);
    const shape = start ? `*${file.slice(ofImage.length)}` : file.replace(ofImage, '*');
    // `x_mask_1.png`, `x_mask_2.png`: one kind.
    add(groups, shape.replace(/\d+(?=\.)/, 'N'), index);
  }
  return [...groups].map(([where, found]) => ({ where, indices: found }));
}

function add(groups: Map<string, number[]>, key: string, index: number): void {
  const group = groups.get(key);
  if (group) group.push(index);
  else groups.set(key, [index]);
}
