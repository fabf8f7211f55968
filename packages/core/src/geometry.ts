/** A rectangle in pixels: `x0 ≤ x < x1`, `y0 ≤ y < y1`, edges (not pixel centres). */
export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** How a view was cut from its image: the crop, then a mirror about its vertical axis. */
export interface ViewGeometry {
  /** The crop in pixels of the source image. */
  readonly box: Box;
  /** Mirrored left to right after the crop. */
  readonly flipped: boolean;
}

/** The size of a feature map in cells. */
export interface Grid {
  readonly height: number;
  readonly width: number;
}

/** The part of `a` that lies in `b`, or `undefined` where they share no area. */
export function intersect(a: Box, b: Box): Box | undefined {
  const x0 = Math.max(a.x0, b.x0);
  const y0 = Math.max(a.y0, b.y0);
  const x1 = Math.min(a.x1, b.x1);
  const y1 = Math.min(a.y1, b.y1);
  return x1 > x0 && y1 > y0 ? { x0, y0, x1, y1 } : undefined;
}

export function area(box: Box): number {
  return Math.max(0, box.x1 - box.x0) * Math.max(0, box.y1 - box.y0);
}

/**
 * The part of `view` that lies in `other`, in `view`'s own coordinates: [0, 1] from its left and top edge, after
 * its flip. `undefined` where they share no area.
 */
export function overlapInView(view: ViewGeometry, other: ViewGeometry): Box | undefined {
  const shared = intersect(view.box, other.box);
  if (!shared) return undefined;
  const { box, flipped } = view;
  const width = box.x1 - box.x0;
  const height = box.y1 - box.y0;
  const left = (shared.x0 - box.x0) / width;
  const right = (shared.x1 - box.x0) / width;
  return {
    x0: flipped ? 1 - right : left,
    x1: flipped ? 1 - left : right,
    y0: (shared.y0 - box.y0) / height,
    y1: (shared.y1 - box.y0) / height,
  };
}

/** The centre, in source-image pixels, of the cell at `row`, `column` of a view's feature map. */
export function cellCentre(
  view: ViewGeometry,
  grid: Grid,
  row: number,
  column: number,
): { readonly x: number; readonly y: number } {
  const { box, flipped } = view;
  const across = (column + 0.5) / grid.width;
  return {
    x: box.x0 + (flipped ? 1 - across : across) * (box.x1 - box.x0),
    y: box.y0 + ((row + 0.5) / grid.height) * (box.y1 - box.y0),
  };
}
