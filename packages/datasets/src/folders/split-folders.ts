import { counted, listed } from './sentences.ts';
import { type SplitRole, splitHint, splitRole } from './split-words.ts';
import { withoutSplit } from './without-split.ts';

/** How images are told apart into those to learn from and those to score. */
export type SplitChoice = 'auto' | 'folders' | 'hash';

/** What the folders in the names of images say. */
export interface SplitFolders {
  /** Indices of the images of each side; undefined where folders give no split. */
  readonly sides: { readonly train: readonly number[]; readonly validation: readonly number[] } | undefined;
  /** The sides in words: `train/ and val/`. Empty without them. */
  readonly description: string;
  /** What was decided between two readings, and how to take the other; one sentence each. */
  readonly notices: readonly string[];
  /** The folders of a name, the split's left out, and whatever all names begin with. */
  classFolders(index: number): readonly string[];
}

/** Split folders are looked for at most so many folders below the first. */
const deepest = 3;

/**
 * The one rule for folders that split a data set. A folder is a part of a split only if all its siblings that hold
 * images are (`splitRole`), at the first depth where that holds: `train2017/…`, `images/training/…`, `cat/train/…`.
 * Learned from is `train`; scored is `val`, else `test`. Where folders give no split, or not both sides, `sides` is
 * undefined and `notices` says why if any folder is named like one.
 *
 * @param names paths of the images, relative, with `/`
 * @param choice `folders` takes them even where other folders lie beside them; `hash` takes none
 *
 * @example
 * const { sides } = splitFolders(['images/train/a.jpg', 'images/val/b.jpg']);
 * sides; // => { train: [0], validation: [1] }
 */
export function splitFolders(names: readonly string[], choice: SplitChoice = 'auto'): SplitFolders {
  const { paths, pathOf } = foldersOf(names);
  const depths = Array.from({ length: deepest + 1 }, (_, depth) => depth);
  const whole = depths.find((depth) => isSplitLevel(paths, depth, false));
  const forced = depths.find((depth) => hasBothSides(paths, depth, splitHint));
  const depth = choice === 'folders' ? (whole ?? forced) : whole;
  const level = depth === undefined ? undefined : readLevel(paths, pathOf, depth, depth !== whole);
  // A single part, such as `train/` alone, is no class either.
  const single = level ? undefined : depths.find((at) => isSplitLevel(paths, at, true));
  const classPaths = withoutSplit(paths, level?.depth ?? single);
  const classFolders = (index: number) => classPaths[pathOf[index] ?? -1] ?? [];
  const notices: string[] = [];
  if (level && choice !== 'hash') {
    if (level.left.length > 0) {
      notices.push(
        `the split is ${level.description}; left out: ${level.left.join(', ')} (--split hash, or split: 'hash', splits all images by their names)`,
      );
    }
    return { sides: level.sides, description: level.description, notices, classFolders };
  }
  if (!level && single !== undefined) {
    const parts = [...foldersAt(paths, single)];
    notices.push(
      `${listed(parts)} ${parts.length === 1 ? 'is one part of a split' : 'are parts of a split'} without ${
        parts.some((part) => /train/.test(splitRole(part) ?? '')) ? 'one to score' : 'one to learn from'
      }, so images are split by a hash of their names; give the folder above both parts to split by folders`,
    );
  } else if (!level && forced !== undefined) notices.push(mixedLevel(paths, forced));
  return { sides: undefined, description: '', notices, classFolders };
}

/** The folders that directly hold images, and the place of each image's among them. */
function foldersOf(names: readonly string[]) {
  const places = new Map<string, number>();
  const pathOf = names.map((name) => {
    const folder = name.slice(0, Math.max(0, name.lastIndexOf('/')));
    const place = places.get(folder) ?? places.size;
    places.set(folder, place);
    return place;
  });
  return { paths: [...places.keys()].map((folder) => (folder === '' ? [] : folder.split('/'))), pathOf };
}

type RoleOf = (folder: string) => SplitRole | undefined;

/** Whether every folder at `depth` is part of a split, with both sides or, for `single`, any. */
function isSplitLevel(paths: readonly (readonly string[])[], depth: number, single: boolean): boolean {
  const folders = [...foldersAt(paths, depth)];
  if (folders.length === 0 || folders.some((folder) => splitRole(folder) === undefined)) return false;
  if (folders.every((folder) => splitRole(folder) === 'unused')) return false;
  if (!single && !hasBothSides(paths, depth, splitRole)) return false;
  if (paths.every((path) => path.length > depth)) return true;
  // An image above the level may lie on the way to a split folder, but not beside it.
  const onTheWay = new Set<string>();
  for (const path of paths) {
    if (path.length <= depth) continue;
    for (let end = 0; end <= depth; end++) onTheWay.add(path.slice(0, end).join('/'));
  }
  return paths.every((path) => path.length > depth || onTheWay.has(path.join('/')));
}

/** The names of the folders at `depth`, each once. */
function foldersAt(paths: readonly (readonly string[])[], depth: number): ReadonlySet<string> {
  const folders = new Set<string>();
  for (const path of paths) {
    const folder = path[depth];
    if (folder !== undefined) folders.add(folder);
  }
  return folders;
}

function hasBothSides(paths: readonly (readonly string[])[], depth: number, roleOf: RoleOf): boolean {
  const found = new Set([...foldersAt(paths, depth)].map(roleOf));
  const learned = found.has('train') || found.has('trainval');
  return learned && (found.has('validation') || found.has('test'));
}

function readLevel(
  paths: readonly (readonly string[])[],
  pathOf: readonly number[],
  depth: number,
  hinted: boolean,
) {
  const found = paths.map((path) => (hinted ? splitHint : splitRole)(path[depth] ?? ''));
  const present = new Set(found);
  const learned: SplitRole = present.has('train') ? 'train' : 'trainval';
  // `trainval` holds what `val` would score.
  const scored: SplitRole =
    present.has('validation') && !(learned === 'trainval' && present.has('test')) ? 'validation' : 'test';
  const of = (role: SplitRole) =>
    [...pathOf.keys()].filter((index) => found[pathOf[index] as number] === role);
  const folders = (role: SplitRole) => [
    ...new Set(paths.filter((_, place) => found[place] === role).map((path) => `${path[depth]}/`)),
  ];
  const left = new Map<string, number>();
  for (const place of pathOf) {
    if (found[place] === learned || found[place] === scored) continue;
    const folder = paths[place]?.[depth];
    const name = folder === undefined ? 'images above these folders' : `${folder}/`;
    left.set(name, (left.get(name) ?? 0) + 1);
  }
  return {
    depth,
    sides: { train: of(learned), validation: of(scored) },
    description: `${folders(learned).join(', ')} and ${folders(scored).join(', ')}`,
    left: [...left].map(([name, count]) => `${name} (${counted(count, 'image')})`),
  };
}

function mixedLevel(paths: readonly (readonly string[])[], depth: number): string {
  const folders = [...foldersAt(paths, depth)];
  const alike = folders.filter((folder) => splitHint(folder) !== undefined);
  const others = folders.filter((folder) => splitRole(folder) === undefined);
  const beside = others.filter((folder) => !alike.includes(folder));
  const reason =
    beside.length > 0
      ? `${listed(beside)} beside ${alike.length === 1 ? 'it' : 'them'} ${beside.length === 1 ? 'is' : 'are'} not`
      : others.length > 0
        ? `${listed(others)} may mean something else`
        : 'not all images lie below them';
  return `images are split by a hash of their names, although ${listed(alike)} are named like parts of a split, because ${reason}; --split folders (split: 'folders') takes them`;
}
