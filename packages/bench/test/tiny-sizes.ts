import type { LossSizes, StepSizes } from '../src/index.ts';

/** Small enough for the cpu backend. */
export const tinyStep: StepSizes = {
  kind: 'step',
  arch: 'resnet10',
  imageSize: 32,
  batchSize: 2,
  queueLength: 64,
  hidden: 16,
  dim: 8,
};

export const tinyLoss: LossSizes = { kind: 'loss', imageSize: 64, batchSize: 2, queueLength: 32, dim: 8 };
