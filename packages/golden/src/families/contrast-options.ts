import { goldenBackbone } from '../golden-backbone.ts';
import { type GoldenFile, tensorOf } from '../golden-file.ts';
import type { NamePrefixes } from '../parameter-names.ts';

/** The names of methods with queues: an encoder of backbone and neck, and predictors. */
export const contrastPrefixes: NamePrefixes = [
  ['encoder_q.0.', 'backbone.'],
  ['encoder_q.1.mlp.', 'globalHead.'],
  ['encoder_q.1.mlp2.', 'denseHead.'],
  ['predictor.mlp.', 'globalPredictor.'],
  ['predictor_dense.mlp.', 'densePredictor.'],
];

export const encoderQPrefixes = ['encoder_k.', 'encoder_q.'] as const;

/** The options that methods with queues share, read off the shapes and the record. */
export function contrastOptions({ record, tensors }: GoldenFile) {
  const [dim, queueLength] = tensorOf(tensors, 'init/queue').shape as [number, number];
  return {
    backbone: goldenBackbone(tensors, 'init/encoder_q.0.'),
    queueLength,
    temperature: record.temperature ?? 0.2,
    hidden: tensorOf(tensors, 'init/encoder_q.1.mlp.0.weight').shape[0] as number,
    dim,
    targetMomentum: typeof record.ema === 'string' ? 0.9 : (record.ema.momentum ?? 0.9),
  };
}
