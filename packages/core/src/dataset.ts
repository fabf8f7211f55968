/** A decoded picture: interleaved 8-bit RGB, row by row. */
export interface DecodedImage {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Images by index. */
export interface ImageDataset {
  readonly length: number;
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
