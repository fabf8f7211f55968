import {
  assertFeatureMap,
  assertMatchValues,
  type Backbone,
  cellCentre,
  type Grid,
  type MatchingStrategy,
  matchCells,
  type Parameters,
  PixconError,
  type ViewGeometry,
} from '@pixcon/core';
import { similarityMatching } from '@pixcon/matching';
import * as tf from '@tensorflow/tfjs-core';
import { assertFiniteFeatures } from './assert-finite.ts';
import { voidSegment } from './cell-segments.ts';
import type { EvaluationResult } from './evaluation-result.ts';
import {
  type FeatureOptions,
  imageTensor,
  type ResolvedFeatureOptions,
  resolveFeatureOptions,
} from './feature-maps.ts';
import { featureWarnings } from './feature-warnings.ts';
import { type FrozenNetwork, freezeNetwork, mixed, type StatisticsMode } from './frozen-network.ts';
import type { SegmentedPair, SegmentedPairs } from './segmented-pairs.ts';

export interface MatchConsistencyOptions extends Omit<FeatureOptions, 'imageSize'> {
  /** What matches query cells to key cells. Default `similarityMatching()`. */
  readonly matching?: MatchingStrategy;
  /** What batch normalization uses; `estimated` takes the views. Default `running`. */
  readonly statistics?: StatisticsMode;
}

/**
 * Do matched cells show the same thing? Every query cell of each pair is matched to a key cell by the features of one
 * frozen network, as in training; the score is the share of matches whose two cells lie in the same segment (the
 * majority of a cell's pixels in the image). Cells that are void, and matches to void cells, do not count.
 *
 * The share means nothing by itself: large segments make any match look right. So `chance` is what a random labelled
 * key cell would give on the same query cells, and `possible` what the best choice would, since a query's segment may
 * be absent from the key view.
 *
 * @param parameters the backbone's, by its own names: `scoped(state.online, method.backbonePrefix)` of a method
 * @returns `metric` matches in the same segment; `details`: possible, weighted (by the strategy's weights), inOverlap
 *   and outOfOverlap (query cells whose centre lies in the key view, or not) with their chanceInOverlap and
 *   chanceOutOfOverlap, cells, overlapShare
 * @throws PixconError `invalid-argument` for an option out of range, `data` when no match can be judged or every view
 *   shows one segment, `numerical` for weights or features that are not finite
 *
 * @example
 * const pairs = segmentedPairs(segmentFolder('coco/val2017', 'coco/panoptic_val2017'), { imageSize: 128 });
 * const { value, chance } = await matchConsistency(backbone, parameters, pairs);
 */
export async function matchConsistency(
  backbone: Backbone,
  parameters: Parameters,
  pairs: SegmentedPairs,
  options: MatchConsistencyOptions = {},
): Promise<EvaluationResult> {
  const { matching = similarityMatching(), statistics = 'running', ...features } = options;
  const where = 'matchConsistency';
  const resolved = resolveFeatureOptions(where, backbone, { ...features, imageSize: pairs.imageSize });
  const network = await freezeNetwork(where, backbone, parameters, statistics, () =>
    viewTensors(pairs, resolved),
  );
  const all = emptyTally();
  const inside = emptyTally();
  const outside = emptyTally();
  const batches: (readonly string[])[] = [];
  try {
    for await (const batch of pairBatches(pairs, order(pairs), resolved.batchSize)) {
      const { judged, warnings } = await matchBatch(backbone, network, batch, resolved, matching);
      batches.push(warnings);
      for (const match of judged) {
        add(all, match);
        add(match.inOverlap ? inside : outside, match);
      }
    }
  } finally {
    network.dispose();
  }
  if (all.cells === 0) {
    throw new PixconError(
      'data',
      `${where}: no match could be judged, because every cell or its match is void`,
    );
  }
  if (all.telling === 0) {
    throw new PixconError(
      'data',
      `${where}: expected views that show two segments to tell apart, but every labelled cell has one choice alone; in masks of 8 bits 255 means void, in RGB masks black (--void none, voidLabels: 'none' makes them segments)`,
    );
  }
  const share = (value: number, { cells }: Tally) => (cells === 0 ? null : value / cells);
  const name = matching.name || 'custom';
  return {
    protocol: 'match-consistency',
    metric: 'matches in the same segment',
    value: all.same / all.cells,
    chance: all.chance / all.cells,
    details: {
      possible: share(all.possible, all),
      weighted: all.weight === 0 ? null : all.weightedSame / all.weight,
      inOverlap: share(inside.same, inside),
      outOfOverlap: share(outside.same, outside),
      chanceInOverlap: share(inside.chance, inside),
      chanceOutOfOverlap: share(outside.chance, outside),
      overlapShare: inside.cells / all.cells,
      cells: all.cells,
    },
    classNames: [],
    perClass: [],
    confusion: [],
    settings: { ...resolved, ...pairs.settings, statistics, matching: { name, ...matching.settings } },
    // What holds for a batch alone is no matter.
    warnings: batches.every(({ length }) => length > 0) ? [...new Set(batches.flat())] : [],
  };
}

/** A match of two labelled cells. */
interface JudgedMatch {
  readonly same: boolean;
  readonly weight: number;
  /** The share of labelled key cells in the query's segment. */
  readonly chance: number;
  readonly inOverlap: boolean;
}

interface Tally {
  cells: number;
  same: number;
  chance: number;
  possible: number;
  /** Cells for which both a right and a wrong match were there. */
  telling: number;
  weight: number;
  weightedSame: number;
}

function emptyTally(): Tally {
  return { cells: 0, same: 0, chance: 0, possible: 0, telling: 0, weight: 0, weightedSame: 0 };
}

function add(tally: Tally, { same, weight, chance }: JudgedMatch): void {
  tally.cells += 1;
  tally.same += Number(same);
  tally.chance += chance;
  tally.possible += Number(chance > 0);
  tally.telling += Number(chance > 0 && chance < 1);
  tally.weight += weight;
  tally.weightedSame += same ? weight : 0;
}

async function matchBatch(
  backbone: Backbone,
  network: FrozenNetwork,
  batch: readonly SegmentedPair[],
  options: ResolvedFeatureOptions,
  matching: MatchingStrategy,
): Promise<{ readonly judged: JudgedMatch[]; readonly warnings: readonly string[] }> {
  const geometry = (side: 0 | 1) => batch.map((pair) => pair[side].geometry);
  let grid: Grid = { height: 0, width: 0 };
  const { index, weight, query, key } = tf.tidy(() => {
    const encode = (side: 0 | 1) => {
      const images = imageTensor(
        batch.map((pair) => pair[side].pixels),
        options,
      );
      const { parameters, training } = network;
      const [map] = backbone.features(parameters, images, [options.stage], { training }) as [tf.Tensor4D];
      assertFeatureMap(backbone, map, batch.length, options.stage);
      const [count, height, width, channels] = map.shape;
      grid = { height, width };
      return tf.reshape(map, [count, height * width, channels]) as tf.Tensor3D;
    };
    const query = encode(0);
    const key = encode(1);
    const match = matchCells(matching, {
      query,
      key,
      grid,
      queryGeometry: geometry(0),
      keyGeometry: geometry(1),
    });
    return { index: match.index, weight: match.weight, query, key };
  });
  let values: [ArrayLike<number>, ArrayLike<number>];
  let features: [Float32Array, Float32Array];
  try {
    features = await Promise.all([query.data<'float32'>(), key.data<'float32'>()]);
    for (const [side, found] of features.entries()) {
      assertFiniteFeatures(
        network.where,
        found,
        `the ${['query', 'key'][side]} views at stage ${options.stage}`,
      );
    }
    await assertMatchValues({ index, weight });
    values = await Promise.all([index.data(), weight.data()]);
  } finally {
    tf.dispose([index, weight, query, key]);
  }
  const [indices, weights] = values;
  const cells = grid.height * grid.width;
  const judged = batch.flatMap(([query, key], pair) =>
    judge(query.segments(grid), key.segments(grid), (cell) => ({
      key: indices[pair * cells + cell] as number,
      weight: weights[pair * cells + cell] as number,
      inOverlap: centreInside(query.geometry, key.geometry, grid, cell),
    })),
  );
  const warnings = features.flatMap((values) =>
    featureWarnings(values, options.channels, 'cells of a batch'),
  );
  return { judged, warnings };
}

/** The matches of one pair that can be judged. */
export function judge(
  query: Int32Array,
  key: Int32Array,
  matchOf: (cell: number) => { readonly key: number; readonly weight: number; readonly inOverlap: boolean },
): JudgedMatch[] {
  const labelled = key.filter((id) => id !== voidSegment);
  const counts = new Map<number, number>();
  for (const id of labelled) counts.set(id, (counts.get(id) ?? 0) + 1);
  const result: JudgedMatch[] = [];
  for (const [cell, segment] of query.entries()) {
    const { key: matched, weight, inOverlap } = matchOf(cell);
    const other = key[matched] as number;
    if (segment === voidSegment || other === voidSegment) continue;
    const chance = (counts.get(segment) ?? 0) / labelled.length;
    result.push({ same: segment === other, weight, chance, inOverlap });
  }
  return result;
}

function centreInside(query: ViewGeometry, { box }: ViewGeometry, grid: Grid, cell: number): boolean {
  const { x, y } = cellCentre(query, grid, Math.floor(cell / grid.width), cell % grid.width);
  return x >= box.x0 && x < box.x1 && y >= box.y0 && y < box.y1;
}

function order({ length }: SegmentedPairs): number[] {
  return Array.from({ length }, (_, index) => index);
}

/** Batches of about `batchSize` views: whole images, at least one. */
async function* pairBatches(
  pairs: SegmentedPairs,
  indices: readonly number[],
  batchSize: number,
): AsyncGenerator<readonly SegmentedPair[], void, undefined> {
  const images = Math.max(1, Math.floor(batchSize / pairs.pairsPerImage));
  const load = async (start: number) =>
    (await Promise.all(indices.slice(start, start + images).map((index) => pairs.pairs(index)))).flat();
  let next = load(0);
  for (let start = 0; start < indices.length; start += images) {
    const batch = await next;
    next = load(start + images);
    // A failure is reported when its turn comes; until then it must not count as unhandled.
    next.catch(() => undefined);
    yield batch;
  }
}

/** Query and key views alike, as normalised tensors, which the consumer disposes. */
async function* viewTensors(pairs: SegmentedPairs, options: ResolvedFeatureOptions) {
  for await (const batch of pairBatches(pairs, mixed(order(pairs)), Math.ceil(options.batchSize / 2))) {
    yield imageTensor(
      batch.flatMap(([query, key]) => [query.pixels, key.pixels]),
      options,
    );
  }
}
