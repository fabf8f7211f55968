import {
  type Backbone,
  type ClassificationDataset,
  RandomStream,
  type SegmentationDataset,
  type SegmentDataset,
} from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';

const palette = [
  [250, 10, 20],
  [15, 240, 30],
  [20, 25, 245],
] as const;

/** Mean colour of cells of 4 × 4 pixels: it tells the painted classes apart. */
export const colour: Backbone = {
  name: 'colour',
  channels: 3,
  stride: 4,
  stages: [{ name: 'cells', channels: 3, stride: 4 }],
  parameters: [
    {
      name: 'scale',
      shape: [3],
      layout: 'vector',
      role: 'weight',
      initialize: () => 1,
    },
  ],
  apply: (parameters, images, mode) => colour.features(parameters, images, ['cells'], mode)[0] as tf.Tensor4D,
  features: (parameters, images, stages) =>
    stages.map(() =>
      tf.tidy(() => tf.mul(tf.avgPool(images, 4, 4, 'valid'), parameters.get('scale')) as tf.Tensor4D),
    ),
};

/** Images of 4 × 4 blocks of 8 × 8 pixels, each of one class's colour. The last block is void. */
export function painted(
  count: number,
  noise = 6,
): SegmentationDataset & SegmentDataset & ClassificationDataset {
  const random = new RandomStream(9);
  const size = 32;
  const pictures = Array.from({ length: count }, (_, image) => {
    const blocks = Array.from({ length: 16 }, () => (random.chance(0.6) ? image % 3 : random.integer(0, 3)));
    const mask = new Uint8Array(size * size);
    const data = new Uint8Array(size * size * 3);
    for (let pixel = 0; pixel < size * size; pixel++) {
      const block = Math.floor(pixel / size / 8) * 4 + Math.floor((pixel % size) / 8);
      const label = blocks[block] as 0 | 1 | 2;
      mask[pixel] = block === 15 ? 255 : label;
      for (const channel of [0, 1, 2] as const) {
        data[pixel * 3 + channel] = Math.min(255, palette[label][channel] + random.integer(0, noise + 1));
      }
    }
    return { mask, data };
  });
  const at = (index: number) => pictures[index] as (typeof pictures)[number];
  return {
    length: count,
    classNames: ['red', 'green', 'blue'],
    name: (index) => `image ${index}`,
    label: (index) => index % 3,
    load: (index) => Promise.resolve({ data: at(index).data, width: size, height: size }),
    mask: (index) => Promise.resolve(at(index).mask.slice()),
    segments: (index) =>
      Promise.resolve(Int32Array.from(at(index).mask, (label) => (label === 255 ? 0 : label + 1))),
  };
}

export const plain = { imageSize: 32, mean: [0, 0, 0], standardDeviation: [1, 1, 1] } as const;
