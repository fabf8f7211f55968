import type { Backbone, Parameters, SegmentationDataset } from '@pixcon/core';
import { l2Normalize } from '@pixcon/ops';
import { cellLabels, voidClass } from './cell-labels.ts';
import {
  allIndices,
  type FeatureOptions,
  forEachImage,
  type ResolvedFeatureOptions,
  resolveFeatureOptions,
  tensorBatches,
} from './feature-maps.ts';
import { type FrozenNetwork, freezeNetwork, mixed, type StatisticsMode } from './frozen-network.ts';
import type { LabelledCells } from './labelled-cells.ts';

export interface ExtractCellsOptions extends FeatureOptions {
  /** Which images of the data set. Default all. */
  readonly indices?: readonly number[];
  /**
   * What batch normalization uses: the `running` statistics (default), those of each `batch`, or those `estimated`
   * from the images at hand. The parameters' running statistics never change.
   */
  readonly statistics?: StatisticsMode;
}

/**
 * Frozen features of every labelled cell: images go through `backbone`, each cell of the stage's feature map is
 * L2-normalised and gets the majority class of the mask's pixels it covers. Cells whose majority is void are
 * dropped.
 *
 * @param parameters the backbone's, by its own names: `scoped(state.online, method.backbonePrefix)` of a method
 * @throws PixconError `invalid-argument` for an option out of range; what `dataset` throws for an unreadable image
 *
 * @example
 * const backbone = resnet18();
 * const parameters = ParameterSet.create(backbone.parameters, new RandomStream(0));
 * const cells = await extractCells(backbone, parameters, dataset, { imageSize: 128 });
 * cells.features.length === cells.labels.length * cells.dim; // => true
 */
export async function extractCells(
  backbone: Backbone,
  parameters: Parameters,
  dataset: SegmentationDataset,
  options: ExtractCellsOptions = {},
): Promise<LabelledCells> {
  const { indices = allIndices(dataset), statistics = 'running', ...rest } = options;
  const resolved = resolveFeatureOptions('extractCells', backbone, rest);
  const network = await freezeNetwork('extractCells', backbone, parameters, statistics, () =>
    tensorBatches(dataset, mixed(indices), resolved),
  );
  try {
    return await labelledCells(backbone, network, dataset, indices, resolved);
  } finally {
    network.dispose();
  }
}

/** The labelled cells of the images of `indices`, L2-normalised. */
export async function labelledCells(
  backbone: Backbone,
  network: FrozenNetwork,
  dataset: SegmentationDataset,
  indices: readonly number[],
  options: ResolvedFeatureOptions,
): Promise<LabelledCells> {
  const parts: LabelledCells[] = [];
  await forEachImage(
    backbone,
    network,
    dataset,
    indices,
    options,
    l2Normalize,
    async ({ index, image, features, grid }) => {
      const labels = cellLabels(await dataset.mask(index), image, grid);
      parts.push(labelledOnly(features, options.channels, labels, index));
    },
  );
  return joinCells(parts, options.channels);
}

function labelledOnly(features: Float32Array, dim: number, labels: Uint8Array, image: number): LabelledCells {
  const kept = [...labels.keys()].filter((cell) => labels[cell] !== voidClass);
  const result = new Float32Array(kept.length * dim);
  for (const [row, cell] of kept.entries()) {
    result.set(features.subarray(cell * dim, (cell + 1) * dim), row * dim);
  }
  return {
    features: result,
    dim,
    labels: Uint8Array.from(kept, (cell) => labels[cell] as number),
    images: new Int32Array(kept.length).fill(image),
  };
}

function joinCells(parts: readonly LabelledCells[], dim: number): LabelledCells {
  const count = parts.reduce((sum, part) => sum + part.labels.length, 0);
  const features = new Float32Array(count * dim);
  const labels = new Uint8Array(count);
  const images = new Int32Array(count);
  let row = 0;
  for (const part of parts) {
    features.set(part.features, row * dim);
    labels.set(part.labels, row);
    images.set(part.images, row);
    row += part.labels.length;
  }
  return { features, dim, labels, images };
}
