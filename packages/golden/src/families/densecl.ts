import { denseCL, mocoV2 } from '@pixcon/methods';
import { contrastOptions, contrastPrefixes, encoderQPrefixes } from './contrast-options.ts';
import type { GoldenFamily } from './golden-method.ts';

/** MoCo v2 and DenseCL with the steps that lead to PixCon-Sim: one process, so one split. */
export const denseCLFamily: GoldenFamily = (file) => {
  const { record } = file;
  const { variant = {} } = record;
  if (!(record.name === 'moco_v2' || /^densecl(_|$)/.test(record.name))) return undefined;
  const common = { ...contrastOptions(file), splits: 1 };
  const names = { prefixes: contrastPrefixes, targetPrefix: encoderQPrefixes } as const;
  if (record.name === 'moco_v2') {
    return { ...names, method: mocoV2(common), terms: { loss: 'image' }, queues: { queue: 'image' } };
  }
  const has = (name: string) => variant[name] === true;
  return {
    ...names,
    method: denseCL({
      ...common,
      denseWeight: record.lossWeight ?? 0.5,
      headNormalization: has('syncbn'),
      predictors: has('asym'),
      ascendingMomentum: has('mt_ascend'),
      symmetric: has('sym_loss'),
    }),
    terms: { loss_single: 'image', loss_dense: 'dense' },
    queues: { queue: 'image', queue2: 'dense' },
  };
};
