import {
  assertNumber,
  type Backbone,
  type ChannelValues,
  featureMap,
  type Grid,
  imagenetMean,
  imagenetStandardDeviation,
  type MatchingStrategy,
  matchCells,
  type Parameters,
} from '@pixcon/core';
import { overlapMask, similarityMatching } from '@pixcon/matching';
import { gatherCells, l2Normalize } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import type { InspectedPair, PairInspection, Picture } from '../inspection.ts';
import { chooseCells } from './choose-cells.ts';
import { withCopiedBuffers } from './frozen-statistics.ts';
import { normalizedImages, type Size } from './normalized-images.ts';

export interface InspectPairsOptions {
  /** Side of the run's views in pixels. Default: that of the pairs' own. */
  readonly imageSize?: number;
  /** How query cells find their key cells. Default `similarityMatching()`: weights of 1. */
  readonly matching?: MatchingStrategy;
  /** Mean of each channel, of pixels in [0, 1]. Default ImageNet's. */
  readonly mean?: ChannelValues;
  /** Standard deviation of each channel, of pixels in [0, 1]. Default ImageNet's. */
  readonly standardDeviation?: ChannelValues;
  /** Cells of each whole photo whose self-attention is computed. Default 3. */
  readonly attentionCells?: number;
}

/**
 * What an encoder makes of pairs: the matches between the two views with their weights, and for chosen cells of
 * the whole photo the cosine of their features with those of every other cell. Both views pass the same encoder,
 * and features are those of the backbone's last stage.
 *
 * Batch normalization uses the statistics of the pictures at hand, for a young network has no good running ones;
 * what is compared over a run is then always normalised alike. Nothing of `parameters` changes.
 *
 * Views are resized to `imageSize`, rounded up to whole cells, and at least to 7 × 7 cells; whole photos to 8 to 14
 * cells along their short side. Weights above 1, which a
 * matching of one's own may give, are divided by the largest of their pair.
 *
 * @param parameters the backbone's, by its own names: `scoped(state.online, method.backbonePrefix)` of a method
 * @throws PixconError `invalid-argument` for an option out of range
 * @example
 * const [first] = await inspectPairs(backbone, parameters, pairs, { matching: method.matching });
 * first.index.length === first.grid.height * first.grid.width; // => true
 */
export async function inspectPairs(
  backbone: Backbone,
  parameters: Parameters,
  pairs: readonly InspectedPair[],
  options: InspectPairsOptions = {},
): Promise<PairInspection[]> {
  const {
    matching = similarityMatching(),
    mean = imagenetMean,
    standardDeviation = imagenetStandardDeviation,
    attentionCells = 3,
    imageSize = pairs[0]?.views[0].width ?? 0,
  } = options;
  assertNumber('inspectPairs', 'attentionCells', attentionCells, { minimum: 0, integer: true });
  if (pairs.length === 0) return [];
  assertNumber('inspectPairs', 'imageSize', imageSize, { minimum: 1, integer: true });
  const side = Math.ceil(Math.max(imageSize, 7 * backbone.stride) / backbone.stride) * backbone.stride;
  const statistics = { mean, standardDeviation };
  const frozen = withCopiedBuffers(backbone, parameters);
  const encode: Encode = (pictures, size) =>
    tf.tidy(() =>
      featureMap(backbone, frozen.parameters, normalizedImages(pictures, size, statistics), {
        training: true,
      }),
    );
  try {
    const matches = await matchPairs(pairs, encode, { matching, side });
    const attentions = await attendPhotos(pairs, encode, backbone.stride, attentionCells);
    return matches.map((match, pair) => ({
      ...match,
      attention: attentions[pair] as PairInspection['attention'],
    }));
  } finally {
    frozen.dispose();
  }
}

/** Features of the last stage of pictures, resized to one size, `[pictures, rows, columns, channels]`. */
type Encode = (pictures: readonly Picture[], size: Size) => tf.Tensor4D;

async function matchPairs(
  pairs: readonly InspectedPair[],
  encode: Encode,
  { matching, side }: { readonly matching: MatchingStrategy; readonly side: number },
): Promise<Omit<PairInspection, 'attention'>[]> {
  const views = pairs.flatMap((pair) => [pair.views[0], pair.views[1]]);
  const queryGeometry = pairs.map(({ views }) => views[0].geometry);
  const keyGeometry = pairs.map(({ views }) => views[1].geometry);
  const map = encode(views, { height: side, width: side });
  const [, height, width, channels] = map.shape;
  const grid: Grid = { height, width };
  const match = tf.tidy(() => {
    const [query, key] = tf.unstack(tf.reshape(map, [pairs.length, 2, height * width, channels]), 1) as [
      tf.Tensor3D,
      tf.Tensor3D,
    ];
    const { index, weight, similarity } = matchCells(matching, {
      query,
      key,
      grid,
      queryGeometry,
      keyGeometry,
    });
    const cosine = similarity ?? matchedCosine(query, key, index);
    return tf.stack([tf.cast(index, 'float32'), weight, cosine], 1);
  });
  map.dispose();
  const values = await match.data<'float32'>();
  match.dispose();
  const inOverlap = overlapMask(queryGeometry, keyGeometry, grid);
  const cells = grid.height * grid.width;
  return pairs.map((_, pair) => {
    const row = (which: number) => values.slice((3 * pair + which) * cells, (3 * pair + which + 1) * cells);
    return {
      grid,
      index: Int32Array.from(row(0)),
      weight: atMostOne(row(1)),
      similarity: row(2),
      inOverlap: inOverlap.slice(pair * cells, (pair + 1) * cells),
    };
  });
}

function matchedCosine(query: tf.Tensor3D, key: tf.Tensor3D, index: tf.Tensor2D): tf.Tensor2D {
  return tf.sum(tf.mul(l2Normalize(query), gatherCells(l2Normalize(key), index)), 2);
}

function atMostOne(weights: Float32Array): Float32Array {
  const largest = weights.reduce((a, b) => Math.max(a, b), 1);
  return weights.map((weight) => weight / largest);
}

async function attendPhotos(
  pairs: readonly InspectedPair[],
  encode: Encode,
  stride: number,
  count: number,
): Promise<PairInspection['attention'][]> {
  const attentions: PairInspection['attention'][] = [];
  // Photos of one size go through the network together.
  const groups = new Map<string, number[]>();
  for (const [pair, { photo }] of pairs.entries()) {
    const { height, width } = attentionGrid(photo, stride);
    const size = `${height} × ${width}`;
    groups.set(size, [...(groups.get(size) ?? []), pair]);
  }
  for (const members of groups.values()) {
    const photos = members.map((pair) => (pairs[pair] as InspectedPair).photo);
    const { height, width } = attentionGrid(photos[0] as Picture, stride);
    const features = tf.tidy(() => {
      const map = encode(photos, { height: height * stride, width: width * stride });
      return l2Normalize(tf.reshape(map, [photos.length, height * width, map.shape[3]]) as tf.Tensor3D);
    });
    for (const [position, pair] of members.entries()) {
      const grid = { height, width };
      const chosen = chooseCells(photos[position] as Picture, grid, count);
      attentions[pair] = { grid, maps: await cosineMaps(features, position, chosen) };
    }
    features.dispose();
  }
  return attentions;
}

async function cosineMaps(
  features: tf.Tensor3D,
  image: number,
  chosen: readonly number[],
): Promise<PairInspection['attention']['maps']> {
  if (chosen.length === 0) return [];
  const cosines = tf.tidy(() => {
    const cells = tf.squeeze(tf.slice(features, [image, 0, 0], [1, -1, -1]), [0]) as tf.Tensor2D;
    return tf.matMul(tf.gather(cells, tf.tensor1d([...chosen], 'int32')), cells, false, true);
  });
  const values = await cosines.data<'float32'>();
  const cells = features.shape[1];
  cosines.dispose();
  return chosen.map((cell, map) => ({ cell, cosine: values.slice(map * cells, (map + 1) * cells) }));
}

/** Whole cells in the photo's aspect ratio: about 256 px along the short side, and 8 to 14 cells. */
function attentionGrid({ width, height }: Picture, stride: number): Grid {
  const short = Math.min(14, Math.max(8, Math.round(256 / stride)));
  const long = Math.min(3 * short, Math.round((short * Math.max(width, height)) / Math.min(width, height)));
  return width >= height ? { height: short, width: long } : { height: long, width: short };
}
