import type { Tensor4D } from '@tensorflow/tfjs-core';
import type { Backbone } from './backbone.ts';
import { PixconError } from './errors.ts';
import type { Mode } from './module.ts';
import type { Parameters } from './parameters.ts';

/**
 * The feature map of a backbone's last stage, checked: one map per image, with the channels that it declares.
 *
 * @param images `[batch, height, width, 3]`
 * @returns `[batch, rows, columns, channels]`; the caller disposes it
 * @throws PixconError `invalid-shape` when the backbone gives another shape
 *
 * @example
 * const features = featureMap(backbone, scoped(online, 'backbone'), view.images, { training: true });
 */
export function featureMap(
  backbone: Backbone,
  parameters: Parameters,
  images: Tensor4D,
  mode: Mode,
): Tensor4D {
  const map = backbone.apply(parameters, images, mode);
  assertFeatureMap(backbone, map, images.shape[0]);
  return map;
}

/**
 * Throws unless a feature map has the rank, the images and the channels that its backbone declares.
 *
 * @param stage where it is of a stage that was asked for by name; by default the last
 * @throws PixconError `invalid-shape`
 */
export function assertFeatureMap(
  { name, channels: last, stages }: Backbone,
  map: Tensor4D | undefined,
  batch: number,
  stage?: string,
): void {
  const channels = stages.find((each) => each.name === stage)?.channels ?? last;
  const shape: readonly number[] | undefined = map?.shape;
  const [count, rows = 0, columns = 0, depth] = shape ?? [];
  if (shape?.length === 4 && count === batch && depth === channels && rows > 0 && columns > 0) return;
  throw new PixconError(
    'invalid-shape',
    `backbone ${name}: its feature map${stage === undefined ? '' : ` of ${stage}`} must have shape [${batch}, rows, columns, ${channels}], got ${shape ? `[${shape.join(', ')}]` : String(map)}`,
  );
}
