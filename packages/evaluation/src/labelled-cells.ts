/** Frozen features of cells with their classes, on the host. */
export interface LabelledCells {
  /** `[count, dim]`, L2-normalised rows. */
  readonly features: Float32Array;
  readonly dim: number;
  /** The class of each cell, never void. */
  readonly labels: Uint8Array;
  /** The data set's index of each cell's image. */
  readonly images: Int32Array;
}
