import type { MethodName } from '../names.ts';

interface MethodDefaults {
  /** Peak learning rate for 256 images a step; it goes with the batch size. */
  readonly learningRatePer256: number;
  /** Settings that are not PixCon's, by the configuration's names. */
  readonly settings: Readonly<Record<string, unknown>>;
}

const momentumSgd = { name: 'sgd', momentum: 0.9, weightDecay: 1e-4 };
const lars = (weightDecay: number) => ({ name: 'lars', momentum: 0.9, weightDecay, trustCoefficient: 0.001 });
const pixcon: MethodDefaults = { learningRatePer256: 0.2, settings: {} };
const byol: MethodDefaults = {
  learningRatePer256: 0.3,
  settings: { hidden: 4096, dim: 256, optimizer: lars(1e-6) },
};
const regional: MethodDefaults = {
  learningRatePer256: 1,
  settings: { hidden: 4096, dim: 256, optimizer: lars(1e-5) },
};

/** The published settings of each method: its paper's, or its authors' code's. */
const table: Readonly<Record<MethodName, MethodDefaults>> = {
  'pixcon-sr': pixcon,
  'pixcon-sim': pixcon,
  'pixcon-coord': pixcon,
  'moco-v2-plus': pixcon,
  'moco-v2': {
    learningRatePer256: 0.03,
    settings: { targetMomentum: 0.999, augmentation: 'moco-v2', optimizer: momentumSgd },
  },
  densecl: {
    learningRatePer256: 0.3,
    settings: { targetMomentum: 0.999, augmentation: 'moco-v2', optimizer: momentumSgd },
  },
  byol,
  simsiam: {
    learningRatePer256: 0.05,
    settings: { dim: 2048, augmentation: 'moco-v2', optimizer: momentumSgd },
  },
  pixpro: regional,
  slotcon: regional,
  univip: byol,
};

/**
 * What a method starts from before recipe, file and flags.
 *
 * @param options of the method: a DenseCL whose momentum rises begins lower
 */
export function methodDefaults(
  method: MethodName,
  options: Readonly<Record<string, unknown>>,
): MethodDefaults {
  const defaults = table[method];
  if (method !== 'densecl' || options.ascendingMomentum !== true) return defaults;
  return { ...defaults, settings: { ...defaults.settings, targetMomentum: 0.99 } };
}
