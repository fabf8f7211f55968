import type { MatchingStrategy } from '@pixcon/core';
import { semanticReweighting, similarityMatching } from '@pixcon/matching';
import { mocoV2Plus, pixcon } from '@pixcon/methods';
import { contrastOptions, contrastPrefixes, encoderQPrefixes } from './contrast-options.ts';
import type { GoldenFamily } from './golden-method.ts';

/** PixCon and MoCo-v2+: `pixcon.py` and `mocov2_plus.py` of the authors. */
export const pixconFamily: GoldenFamily = (file, onMatch) => {
  const { record } = file;
  const { variant = {} } = record;
  if (!(/^pixcon_(sim|sr)/.test(record.name) || record.name === 'moco_v2_plus')) return undefined;
  const common = contrastOptions(file);
  const names = { prefixes: contrastPrefixes, targetPrefix: encoderQPrefixes } as const;

  if (record.name === 'moco_v2_plus') {
    return { ...names, method: mocoV2Plus(common), terms: { loss: 'image' }, queues: { queue: 'image' } };
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
    ...names,
    method: pixcon({ ...common, matching: watched, denseWeight: record.lossWeight ?? 0.5 }),
    terms: { loss_single: 'image', loss_dense: 'dense' },
    queues: { queue: 'image', queue2: 'dense' },
  };
};
