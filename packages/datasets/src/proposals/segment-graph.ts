import { DisjointSets } from './disjoint-sets.ts';
import type { LabPlanes } from './lab-planes.ts';

export interface SegmentGraphOptions {
  /** k of the paper: the larger, the larger the segments. In units of colour distance · pixels. */
  readonly scale: number;
  /** Segments of fewer pixels are joined to the neighbour that differs least. */
  readonly minimumSize: number;
}

export interface Segmentation {
  /** The segment of each pixel, row by row: 0 … count − 1, in the order of their first pixels. */
  readonly labels: Int32Array;
  readonly count: number;
}

/** Colour distances are sorted in steps of 1/32: finer than 8-bit colours tell, and few enough to count. */
const steps = 32;

/**
 * Segments of an image: its pixels are a graph, in which each is joined to its eight neighbours by an edge that
 * weighs their distance in colour. Edges are visited from the lightest on; one of weight w joins the segments C₁ and
 * C₂ of its ends where
 *
 *     w ≤ min(Int(C₁) + k / |C₁|, Int(C₂) + k / |C₂|)
 *
 * and Int(C) is the heaviest edge that joined C so far: a boundary must stand out from what varies on either side.
 *
 * @see Felzenszwalb and Huttenlocher 2004, Efficient Graph-Based Image Segmentation, IJCV 59
 */
export function segmentGraph(image: LabPlanes, options: SegmentGraphOptions): Segmentation {
  const { scale, minimumSize } = options;
  const { from, to, weights, order } = sortedEdges(image);
  const sets = new DisjointSets(image.width * image.height);
  const inner = new Float64Array(image.width * image.height);
  const tolerance = (root: number) => (inner[root] as number) + scale / sets.size(root);
  // What is left for the second pass: edges between segments, in the same order.
  let left = 0;
  for (let i = 0; i < order.length; i++) {
    const edge = order[i] as number;
    const a = sets.find(from[edge] as number);
    const b = sets.find(to[edge] as number);
    if (a === b) continue;
    const weight = (weights[edge] as number) / steps;
    if (weight <= tolerance(a) && weight <= tolerance(b)) inner[sets.join(a, b)] = weight;
    else order[left++] = edge;
  }
  for (let i = 0; i < left; i++) {
    const edge = order[i] as number;
    const a = sets.find(from[edge] as number);
    const b = sets.find(to[edge] as number);
    if (a !== b && Math.min(sets.size(a), sets.size(b)) < minimumSize) sets.join(a, b);
  }
  return label(sets, image.width * image.height);
}

interface Edges {
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** In steps. */
  readonly weights: Uint16Array;
  /** The edges from the lightest on; those of one weight by place. */
  readonly order: Int32Array;
}

function sortedEdges({ width, height, planes }: LabPlanes): Edges {
  const [first, second, third] = planes;
  const capacity = 4 * width * height;
  const from = new Int32Array(capacity);
  const to = new Int32Array(capacity);
  const weights = new Uint16Array(capacity);
  let count = 0;
  const connect = (a: number, b: number): void => {
    const x = (first[a] as number) - (first[b] as number);
    const y = (second[a] as number) - (second[b] as number);
    const z = (third[a] as number) - (third[b] as number);
    from[count] = a;
    to[count] = b;
    weights[count++] = Math.round(steps * Math.sqrt(x * x + y * y + z * z));
  };
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      if (x + 1 < width) connect(at, at + 1);
      if (y + 1 === height) continue;
      if (x > 0) connect(at, at + width - 1);
      connect(at, at + width);
      if (x + 1 < width) connect(at, at + width + 1);
    }
  }
  return { from, to, weights, order: sortByCounting(weights.subarray(0, count)) };
}

/** The indices of `values` by rising value, equal ones in their order. */
function sortByCounting(values: Uint16Array): Int32Array {
  const starts = new Int32Array(65_537);
  for (const value of values) starts[value + 1] = (starts[value + 1] as number) + 1;
  for (let value = 1; value < starts.length; value++) {
    starts[value] = (starts[value] as number) + (starts[value - 1] as number);
  }
  const order = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    const place = starts[value] as number;
    order[place] = i;
    starts[value] = place + 1;
  }
  return order;
}

function label(sets: DisjointSets, pixels: number): Segmentation {
  const labels = new Int32Array(pixels);
  const labelOf = new Int32Array(pixels).fill(-1);
  let count = 0;
  for (let at = 0; at < pixels; at++) {
    const root = sets.find(at);
    if (labelOf[root] === -1) labelOf[root] = count++;
    labels[at] = labelOf[root] as number;
  }
  return { labels, count };
}
