import type { DenseCLPipeline } from './densecl.ts';

/** One row of the ladder. */
export interface DenseCLStep {
  /** For `denseCL`; each row has all that the rows before it have. */
  readonly options: Required<DenseCLPipeline>;
  /** How its views are made: `byolAugmentation` or `mocoV2Augmentation` of `@pixcon/augment`. */
  readonly augmentation: 'moco-v2' | 'byol';
}

export type DenseCLStepName =
  | 'densecl'
  | 'sync-bn'
  | 'predictors'
  | 'ascending-momentum'
  | 'symmetric-loss'
  | 'byol-augmentation';

const published = {
  splits: 8,
  headNormalization: false,
  predictors: false,
  ascendingMomentum: false,
  symmetric: false,
} as const;
const synchronised = { ...published, splits: 1, headNormalization: true } as const;
const predicted = { ...synchronised, predictors: true } as const;
const ascending = { ...predicted, ascendingMomentum: true } as const;
const symmetric = { ...ascending, symmetric: true } as const;

/**
 * From DenseCL to PixCon-Sim in the steps of the PixCon paper's Table 4, in its order. The last row is PixCon-Sim up
 * to which side of its coin enqueues which view.
 *
 * @example
 * const { options } = denseCLLadder['ascending-momentum'];
 * const method = denseCL({ backbone: resnet50(), ...options });
 */
export const denseCLLadder: Readonly<Record<DenseCLStepName, DenseCLStep>> = {
  densecl: { options: published, augmentation: 'moco-v2' },
  'sync-bn': { options: synchronised, augmentation: 'moco-v2' },
  predictors: { options: predicted, augmentation: 'moco-v2' },
  'ascending-momentum': { options: ascending, augmentation: 'moco-v2' },
  'symmetric-loss': { options: symmetric, augmentation: 'moco-v2' },
  'byol-augmentation': { options: symmetric, augmentation: 'byol' },
};
