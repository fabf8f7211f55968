/** The folders of each path without the one at `depth`, and without what all begin with. */
export function withoutSplit(paths: readonly (readonly string[])[], depth: number | undefined): string[][] {
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
