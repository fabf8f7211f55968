import type { EncodableTensor } from '../host-tensor.ts';

/** A trained ResNet to export. */
export interface BackboneExport {
  /** Float32, under torchvision's names and in PyTorch's layout, as `parametersToFile` gives them. */
  readonly tensors: ReadonlyMap<string, EncodableTensor>;
  /** Input pixels per cell of the last stage: 32 unless stages dilate. */
  readonly outputStride: number;
  /** Free text for the file: method, encoder … */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** An exported file, and how to read it. */
export interface ExportedFile {
  readonly bytes: Uint8Array;
  /** Python that reads it, or the configuration to set, line by line. */
  readonly recipe: readonly string[];
  /** What the other side computes differently, if anything, in sentences. */
  readonly notes: readonly string[];
}
