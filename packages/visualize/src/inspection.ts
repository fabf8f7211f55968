import type { Grid, ViewGeometry } from '@pixcon/core';

/** Pixels of a picture, `[height, width, 3]`, 0 to 255. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** One crop of a photo, square, without photometric operations. The network sees it at the run's own size. */
export interface InspectedView extends Picture {
  /** Where it lies in the photo, in pixels of the pair's `source`. */
  readonly geometry: ViewGeometry;
}

/** What is drawn of a photo; it stays the same for a whole run, so that training is all that changes. */
export interface InspectedPair {
  readonly name: string;
  /** Size in pixels of the image that the views were cut from. */
  readonly source: { readonly width: number; readonly height: number };
  /** The whole photo, reduced to a size for pictures. */
  readonly photo: Picture;
  /** The query view and the key view. */
  readonly views: readonly [InspectedView, InspectedView];
}

/** What an encoder makes of a pair. Arrays have one entry per cell, row by row. */
export interface PairInspection {
  /** Of both views. */
  readonly grid: Grid;
  /** The key cell of each query cell. */
  readonly index: Int32Array;
  /** In the loss, 0 to 1. */
  readonly weight: Float32Array;
  /** Cosine of the features of a query cell and its key cell. */
  readonly similarity: Float32Array;
  /** How much of a query cell lies in the key view, 0 or 1. */
  readonly inOverlap: Float32Array;
  /** Self-attention of chosen cells of the whole photo. */
  readonly attention: {
    /** Of the whole photo. */
    readonly grid: Grid;
    readonly maps: readonly CellAttention[];
  };
}

/** How alike a cell is to each cell of the same picture. */
export interface CellAttention {
  /** The chosen cell. */
  readonly cell: number;
  /** Cosines, `[cells]`. */
  readonly cosine: Float32Array;
}

/** All pairs at one moment of a run. */
export interface Snapshot {
  /** Steps done. */
  readonly step: number;
  /** One for each pair, in the same order. */
  readonly inspections: readonly PairInspection[];
}
