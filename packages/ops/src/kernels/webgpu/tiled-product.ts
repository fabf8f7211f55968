import * as tf from '@tensorflow/tfjs-core';
import { bytesOf, isHalf } from './half-tensors.ts';
import { matrixMultiplier } from './matrix-multiplier.ts';
import { matrixUnit } from './matrix-units.ts';
import type { Operand } from './operand.ts';
import type { DispatchCost } from './program.ts';
import { runWebgpuProgram } from './run-program.ts';
import { isHalfOutput } from './shader-source.ts';
import { invocationsOf, registerMultiplier, type Tile, tileDepth, tiledShader } from './tile-shader.ts';

/** Workgroups that keep a large card busy: two for each of about 130 multiprocessors. */
const enoughWorkgroups = 256;
/** Of a split: fewer would be done before the dispatch of the second pass that they need is paid for. */
const leastSplitDepth = 1024;
const mostSplits = 256;
/** Of all splits' partial results together. */
const mostPartialBytes = 128 * 2 ** 20;
/** Area of large tiles, as a multiple of that of small ones, at which their padding eats what they save. */
const mostPadding = 1.15;

const smallTile: Tile = { size: 64, columns: 4 };
const largeTile: Tile = { size: 128, columns: 8 };

/** Where the sums go. */
export interface ProductStore {
  readonly variant: string;
  readonly integers: Readonly<Record<string, number>>;
  /**
   * WGSL of `store(row, column, phase, split, value)`: four sums of a row, from `column` on, into `<output>`, at
   * `split` times the output's size.
   */
  readonly declarations: () => string;
}

export interface TiledProduct {
  readonly name: string;
  readonly left: Operand;
  readonly right: Operand;
  readonly rows: number;
  readonly columns: number;
  /** The largest of any phase. */
  readonly depth: number;
  /** WGSL of `depthOf(phase : i32) -> i32`, for products with several phases of different depth. */
  readonly depthOfPhase?: string;
  /** Products side by side in one dispatch; 1 by default. */
  readonly phases?: number;
  readonly store: ProductStore;
  readonly output: {
    readonly name: string;
    readonly shape: readonly number[];
    /** As of `NewOutput`; what a split adds up is in full precision. */
    readonly half?: boolean;
  };
  /** 2 · rows · columns · depth by default. */
  readonly necessaryFlops?: number;
  /** More rows of tiles lie in several stripes; 65,535 by default, which every device dispatches in a dimension. */
  readonly stripe?: number;
}

/**
 * Computes a product in tiles. A deep product with few tiles is split along its depth, and the parts are added in a
 * second pass in a fixed order, so that the result is the same in every run.
 */
export function tiledProduct(product: TiledProduct): tf.Tensor {
  const { name, left, right, rows, columns, depth, store, output, phases = 1, stripe = 65_535 } = product;
  if (depth === 0) return tf.zeros([...output.shape]);
  const plan = planProduct(product);
  const { tile, splits, splitDepth } = plan;
  const rowTiles = Math.ceil(rows / tile.size);
  const columnTiles = Math.ceil(columns / tile.size);
  // Tiles of neighbouring columns run side by side, since they share the rows, the longer operand in the main.
  const stripes = Math.max(1, Math.ceil(rowTiles / stripe));
  const vector = output.shape.length > 0 && (output.shape.at(-1) as number) % 4 === 0;
  const partial = splits > 1;
  const depthOfPhase = product.depthOfPhase ?? 'fn depthOf(phase : i32) -> i32 { return uniforms.depth; }';
  // In mixed precision alone: what it rounds to halves was made of halves in the main.
  const halved = isHalf(left.input.tensor) || isHalf(right.input.tensor);
  const unit = halved ? matrixUnit() : undefined;
  const { [output.name]: sums } = runWebgpuProgram({
    name,
    variant: [tile.size, left.variant, right.variant, store.variant, ...Object.values(unit ?? {})].join(', '),
    inputs: { [left.name]: left.input, [right.name]: right.input },
    outputs: {
      [output.name]: partial
        ? { shape: [splits, ...output.shape], vector }
        : { shape: output.shape, vector, half: output.half === true },
    },
    integers: {
      depth,
      splits,
      splitDepth,
      columnTiles,
      stripes,
      ...left.integers,
      ...right.integers,
      ...store.integers,
    },
    workgroupSize: invocationsOf(tile),
    workgroups: [columnTiles * stripes, Math.ceil(rowTiles / stripes), phases * splits],
    subgroupMatrices: unit !== undefined,
    shader: () =>
      tiledShader(
        tile,
        left,
        right,
        `${depthOfPhase}\n${store.declarations()}`,
        unit ? matrixMultiplier(tile, unit) : registerMultiplier(tile),
      ),
    cost: costOf(product, plan),
  });
  return partial ? addParts(sums as tf.Tensor, name, output) : (sums as tf.Tensor);
}

/** Results of a product as `[rows, columns]`, or of each phase as `[phases, rows, columns]`. */
export function matrixStore(output: string, rows: number, columns: number, phases = 1): ProductStore {
  return {
    variant: 'matrix',
    integers: { rows, columns, matrices: phases },
    declarations: () => `
fn store(row : i32, column : i32, phase : i32, split : i32, value : vec4<f32>) {
  if (row >= uniforms.rows) { return; }
  let matrix = split * uniforms.matrices + phase;
  let at = (matrix * uniforms.rows + row) * uniforms.columns + column;
  ${storeFour(output, columns % 4 === 0)}
}`,
  };
}

/** WGSL that stores `value` at `at`, four numbers of which those in columns that exist. */
export function storeFour(output: string, vector: boolean): string {
  if (vector) return `if (column < uniforms.columns) { ${output}[at >> 2u] = value; }`;
  return `for (var i = 0; i < 4 && column + i < uniforms.columns; i++) { ${output}[at + i] = value[i]; }`;
}

export interface ProductPlan {
  readonly tile: Tile;
  readonly splits: number;
  readonly splitDepth: number;
}

/**
 * The tile and the split of a product: large tiles where they keep the device busy, if need be with a split, and
 * little of them is padding; then as few splits as keep it busy.
 */
export function planProduct(
  product: Pick<TiledProduct, 'rows' | 'columns' | 'depth' | 'phases' | 'output'>,
): ProductPlan {
  const { rows, columns, depth, phases = 1, output } = product;
  const tiles = ({ size }: Tile) => Math.ceil(rows / size) * Math.ceil(columns / size) * phases;
  const area = (tile: Tile) => tiles(tile) * tile.size ** 2;
  const outputBytes = 4 * output.shape.reduce((size, axis) => size * axis, 1);
  const most = Math.max(
    1,
    Math.min(Math.floor(depth / leastSplitDepth), Math.floor(mostPartialBytes / outputBytes), mostSplits),
  );
  const fills = tiles(largeTile) * most >= enoughWorkgroups;
  const tile = fills && area(largeTile) <= mostPadding * area(smallTile) ? largeTile : smallTile;
  const wanted = Math.min(most, Math.ceil(enoughWorkgroups / tiles(tile)));
  const splitDepth = tileDepth * Math.ceil(depth / wanted / tileDepth);
  return { tile, splits: Math.ceil(depth / splitDepth), splitDepth };
}

function costOf(product: TiledProduct, { tile, splits, splitDepth }: ProductPlan): DispatchCost {
  const { rows, columns, depth, phases = 1, left, right, output } = product;
  const { necessaryFlops = 2 * rows * columns * depth } = product;
  const tiles = Math.ceil(rows / tile.size) * Math.ceil(columns / tile.size);
  const share = phases === 1 ? 1 : necessaryFlops / (2 * rows * columns * depth * phases);
  const depths = share * phases * splits * splitDepth;
  const size = (shape: readonly number[]) => shape.reduce((total, axis) => total * axis, 1);
  const outputs = size(output.shape);
  const result = outputs * (isHalfOutput(output) ? 2 : 4);
  const number = ({ input }: Operand) => (isHalf(input.tensor) ? 2 : 4);
  return {
    flops: 2 * tiles * tile.size ** 2 * depths,
    necessaryFlops,
    bytes:
      tiles * tile.size * depths * (number(left) + number(right)) +
      (splits > 1 ? 4 * splits * outputs : result),
    necessaryBytes: bytesOf(left.input.tensor) + bytesOf(right.input.tensor) + result,
  };
}

function addParts(parts: tf.Tensor, name: string, output: TiledProduct['output']): tf.Tensor {
  const size = output.shape.reduce((total, axis) => total * axis, 1);
  const vector = size % 4 === 0;
  const elements = vector ? size / 4 : size;
  const { sum } = runWebgpuProgram({
    name: `${name}: add splits`,
    inputs: { parts: { tensor: parts, vector } },
    outputs: { sum: { shape: output.shape, vector, half: output.half === true } },
    integers: { elements, splits: parts.shape[0] as number },
    workgroups: Math.ceil(elements / 64),
    shader: () => ({
      body: `
  if (index < uniforms.elements) {
    var total = parts[index];
    for (var split = 1; split < uniforms.splits; split++) { total += parts[split * uniforms.elements + index]; }
    sum[index] = total;
  }`,
    }),
    // All that it moves is work that the split made.
    cost: { flops: parts.size, necessaryFlops: 0, necessaryBytes: 0 },
  });
  parts.dispose();
  return sum;
}
