import type { Match, MatchingStrategy, Method } from '@pixcon/core';
import { semanticReweighting, similarityMatching } from '@pixcon/matching';
import { mocoV2Plus, pixcon } from '@pixcon/methods';
import { goldenBackbone } from './golden-backbone.ts';
import { type GoldenFile, tensorOf } from './golden-file.ts';

export interface GoldenMethod {
  readonly method: Method;
  /** Our name of each loss in the record. */
  readonly terms: Readonly<Record<string, string>>;
  /** Our name of each queue in the file. */
  readonly queues: Readonly<Record<string, string>>;
}

/**
 * The method that a golden file records, with the authors' settings, or `undefined` when it is not covered.
 * `onMatch` can ask for the full semantic reweighting of each direction.
 */
export function goldenMethod(
  file: GoldenFile,
  onMatch: (full: () => Match) => void,
): GoldenMethod | undefined {
  const { record, tensors } = file;
  const { variant = {}, temperature = 0.2 } = record;
  if (!(/^pixcon_(sim|sr)/.test(record.name) || record.name === 'moco_v2_plus')) return undefined;
  const [dim, queueLength] = tensorOf(tensors, 'init/queue').shape as [number, number];
  const hidden = tensorOf(tensors, 'init/predictor.mlp.0.weight').shape[0] as number;
  const common = { backbone: goldenBackbone(tensors), queueLength, temperature, hidden, dim };
  const targetMomentum = typeof record.ema === 'string' ? 0.9 : (record.ema.momentum ?? 0.9);

  if (record.name === 'moco_v2_plus') {
    return {
      method: mocoV2Plus({ ...common, targetMomentum }),
      terms: { loss: 'image' },
      queues: { queue: 'image' },
    };
  }
  const reweighting = {
    sharpening: typeof variant.power === 'number' ? variant.power : 2,
    mask: 'truncated',
    reference: true,
  } as const;
  const matching =
    variant.sr === false
      ? similarityMatching()
      : semanticReweighting(similarityMatching(), { ...reweighting, spatial: variant.use_mask !== false });
  // Whatever weights a variant uses, the files record those of the full reweighting.
  const recorded = semanticReweighting(similarityMatching(), reweighting);
  const watched: MatchingStrategy = (input) => {
    onMatch(() => recorded(input));
    return matching(input);
  };
  return {
    method: pixcon({ ...common, targetMomentum, matching: watched, denseWeight: record.lossWeight ?? 0.5 }),
    terms: { loss_single: 'image', loss_dense: 'dense' },
    queues: { queue: 'image', queue2: 'dense' },
  };
}
