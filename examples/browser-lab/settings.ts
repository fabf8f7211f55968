/** The methods that the page offers, with a line for people. */
export const methods = {
  'pixcon-sr': {
    title: 'PixCon-SR',
    line: 'Matches cells by similarity; weighs them by overlap and by meaning.',
  },
  'pixcon-sim': { title: 'PixCon-Sim', line: 'Matches cells by similarity alone.' },
  'pixcon-coord': { title: 'PixCon-Coord', line: 'Matches cells by their place in the photo.' },
  densecl: { title: 'DenseCL', line: 'An image-level loss with a dense one on similar cells.' },
  'moco-v2-plus': { title: 'MoCo-v2+', line: 'One feature per image, against a queue of others.' },
  byol: { title: 'BYOL', line: 'One feature per image, without negatives.' },
} as const;

export type MethodName = keyof typeof methods;

/** Residual networks from small to large: planes of four stages, and blocks of each. */
export const networks = {
  tiny: { title: 'Tiny', planes: [8, 16, 24, 32], layers: [1, 1, 1, 1] },
  small: { title: 'Small', planes: [16, 32, 48, 64], layers: [1, 1, 1, 1] },
  resnet10: { title: 'ResNet-10', planes: [64, 128, 256, 512], layers: [1, 1, 1, 1] },
  resnet18: { title: 'ResNet-18', planes: [64, 128, 256, 512], layers: [2, 2, 2, 2] },
} as const;

export type NetworkName = keyof typeof networks;

export const devices = ['auto', 'webgpu', 'wasm'] as const;

/** What a person chooses before a run. Plain JSON: a checkpoint keeps it. */
export interface LabSettings {
  readonly method: MethodName;
  /** Side of the views in pixels. */
  readonly size: number;
  /** Images per step. */
  readonly batch: number;
  readonly steps: number;
  readonly network: NetworkName;
  readonly learningRate: number;
  readonly seed: number;
  readonly device: (typeof devices)[number];
}
