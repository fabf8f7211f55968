import { type SplitRole, splitHint, splitRole } from './split-words.ts';

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
  const paths = names.map((name) => name.split('/').slice(0, -1));
  const depths = Array.from({ length: deepest + 1 }, (_, depth) => depth);
  const whole = depths.find((depth) => isSplitLevel(paths, depth, false));
  const forced = depths.find((depth) => hasBothSides(paths, depth, splitHint));
  const depth = choice === 'folders' ? (whole ?? forced) : whole;
  const level = depth === undefined ? undefined : readLevel(paths, depth, depth !== whole);
  // A single part, such as `train/` alone, is no class either.
  const single = level ? undefined : depths.find((at) => isSplitLevel(paths, at, true));
  const classPaths = withoutSplit(paths, level?.depth ?? single);
  const classFolders = (index: number) => classPaths[index] ?? [];
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
    const parts = [...new Set(paths.flatMap((path) => path[single] ?? []))];
    notices.push(
      `${listed(parts)} ${parts.length === 1 ? 'is one part of a split' : 'are parts of a split'} without ${
        parts.some((part) => /train/.test(splitRole(part) ?? '')) ? 'one to score' : 'one to learn from'
      }, so images are split by a hash of their names; give the folder above both parts to split by folders`,
    );
  } else if (!level && forced !== undefined) notices.push(mixedLevel(paths, forced));
  return { sides: undefined, description: '', notices, classFolders };
}

type RoleOf = (folder: string) => SplitRole | undefined;

/** Whether every folder at `depth` is part of a split, with both sides or, for `single`, any. */
function isSplitLevel(paths: readonly (readonly string[])[], depth: number, single: boolean): boolean {
  const folders = [...new Set(paths.flatMap((path) => path[depth] ?? []))];
  if (folders.length === 0 || folders.some((folder) => splitRole(folder) === undefined)) return false;
  if (folders.every((folder) => splitRole(folder) === 'unused')) return false;
  if (!single && !hasBothSides(paths, depth, splitRole)) return false;
  // An image above the level may lie on the way to a split folder, but not beside it.
  const onTheWay = new Set<string>();
  for (const path of paths) {
    if (path.length <= depth) continue;
    for (let end = 0; end <= depth; end++) onTheWay.add(path.slice(0, end).join('/'));
  }
  return paths.every((path) => path.length > depth || onTheWay.has(path.join('/')));
}

function hasBothSides(paths: readonly (readonly string[])[], depth: number, roleOf: RoleOf): boolean {
  const found = new Set(paths.map((path) => roleOf(path[depth] ?? '')));
  const learned = found.has('train') || found.has('trainval');
  return learned && (found.has('validation') || found.has('test'));
}

function readLevel(paths: readonly (readonly string[])[], depth: number, hinted: boolean) {
  const roleOf = hinted ? splitHint : splitRole;
  const found = paths.map((path) => roleOf(path[depth] ?? ''));
  const present = new Set(found);
  const learned: SplitRole = present.has('train') ? 'train' : 'trainval';
  // `trainval` holds what `val` would score.
  const scored: SplitRole =
    present.has('validation') && !(learned === 'trainval' && present.has('test')) ? 'validation' : 'test';
  const of = (role: SplitRole) => [...found.keys()].filter((index) => found[index] === role);
  const folders = (role: SplitRole) => [
    ...new Set(of(role).map((index) => `${(paths[index] as readonly string[])[depth]}/`)),
  ];
  const left = new Map<string, number>();
  for (const [index, role] of found.entries()) {
    if (role === learned || role === scored) continue;
    const folder = paths[index]?.[depth];
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
  const folders = [...new Set(paths.flatMap((path) => path[depth] ?? []))];
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

/** The folders of each path without the one at `depth`, and without what all begin with. */
function withoutSplit(paths: readonly (readonly string[])[], depth: number | undefined): string[][] {
  let rest = paths.map((path) =>
    depth === undefined || path[depth] === undefined
      ? [...path]
      : [...path.slice(0, depth), ...path.slice(depth + 1)],
  );
  // An archive that unpacks into a folder of its own name: `seg_train/seg_train/cat`.
  const doubled = (path: readonly string[], index: number) =>
    depth !== undefined && path[depth] !== undefined && path[depth] === paths[index]?.[depth];
  const below = rest.filter((_, index) => (paths[index]?.length ?? 0) > (depth ?? 0));
  if (
    depth !== undefined &&
    below.length > 0 &&
    rest.every((path, index) => path.length <= depth || doubled(path, index))
  ) {
    rest = rest.map((path) => [...path.slice(0, depth), ...path.slice(depth + 1)]);
  }
  for (;;) {
    const named = rest.filter((path) => path.length > 0);
    const first = named[0]?.[0];
    if (named.length === 0 || named.some((path) => path[0] !== first || path.length < 2)) return rest;
    // Images that lie in no class stay as they are, to be told.
    if (named.length < rest.length && depth === undefined) return rest;
    rest = rest.map((path) => path.slice(1));
  }
}

/** `a/, b/ and c/`, of many the first few. */
export function listed(folders: readonly string[]): string {
  const shown = folders.length > 4 ? folders.slice(0, 3) : folders;
  const names = shown.map((folder) => `${folder}/`);
  if (folders.length > 4) return `${names.join(', ')} and ${folders.length - 3} others`;
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** `1 image`, `2 images`. */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
