import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import type { Grid, ViewGeometry } from './geometry.ts';

/** What a matching strategy may look at. All of it is constant: matching carries no gradient. */
export interface MatchInput {
  /** Backbone features of the query view, `[batch, cells, channels]`, not normalised; cells row by row. */
  readonly query: Tensor3D;
  /** Backbone features of the key view (target encoder), same shape. */
  readonly key: Tensor3D;
  readonly grid: Grid;
  readonly queryGeometry: readonly ViewGeometry[];
  readonly keyGeometry: readonly ViewGeometry[];
}

/** For each query cell, its key cell and its weight in the loss. The caller disposes the tensors. */
export interface Match {
  /** `int32 [batch, cells]`: the index of the matched key cell. */
  readonly index: Tensor2D;
  /** `float32 [batch, cells]`, not negative. */
  readonly weight: Tensor2D;
  /** Cosine of each query cell with its match, `float32 [batch, cells]`, where the strategy has it. */
  readonly similarity?: Tensor2D;
}

/** Matches every query cell to a key cell. Any function of this shape can be used as a method's `matching`. */
export interface MatchingStrategy {
  (input: MatchInput): Match;
  /** The resolved options, defaults included, as JSON, for the run's record. */
  readonly settings?: Readonly<Record<string, unknown>>;
}
