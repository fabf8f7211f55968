/** A decoded picture: interleaved 8-bit RGB, row by row. */
export interface DecodedImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Images by index. */
export interface ImageDataset {
  readonly length: number;
  /** What whoever uses the data set should be told: choices between two readings, files passed by. Default none. */
  readonly notices?: readonly string[];
  /** What to call image `index` in messages: its path, for files. */
  name(index: number): string;
  /**
   * Decodes image `index`.
   *
   * @throws PixconError `data` when it cannot be read
   */
  load(index: number): Promise<DecodedImage>;
}

/** Images with a class per pixel, for scoring. */
export interface SegmentationDataset extends ImageDataset {
  readonly classNames: readonly string[];
  /** `[height × width]` class indices, row by row; 255 is void. */
  mask(index: number): Promise<Uint8Array>;
}

/** Images with a segment (one object, or one region of stuff) per pixel. */
export interface SegmentDataset extends ImageDataset {
  /** `[height × width]` segment ids of image `index`, row by row, told apart within the image; 0 is void. */
  segments(index: number): Promise<Int32Array>;
}

/** Images with one class each. */
export interface ClassificationDataset extends ImageDataset {
  readonly classNames: readonly string[];
  /** The class index of image `index`. */
  label(index: number): number;
}
