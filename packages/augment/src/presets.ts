import { type ChannelValues, imagenetMean, imagenetStandardDeviation } from '@pixcon/core';
import { assertRecipe, type ViewRecipe } from './recipe.ts';
import type { TwoCropOptions } from './two-crops.ts';

/** All that makes two views of an image: plain JSON. */
export interface Augmentation {
  readonly crops: TwoCropOptions;
  /** One recipe per view. */
  readonly views: readonly [ViewRecipe, ViewRecipe];
  readonly mean: ChannelValues;
  readonly standardDeviation: ChannelValues;
}

/** What to change of a preset; what is left out stays. */
export interface AugmentationOverrides {
  readonly crops?: TwoCropOptions;
  /** Changes for the first and the second view. */
  readonly views?: readonly [Partial<ViewRecipe>, Partial<ViewRecipe>];
  readonly mean?: ChannelValues;
  readonly standardDeviation?: ChannelValues;
}

/**
 * The augmentation of BYOL, which PixCon and MoCo-v2+ use: crops of 8 to 100 % of the area, flips 0.5, jitter
 * (0.4, 0.4, 0.2, 0.1) with probability 0.8, grey 0.2, blur always on view 1 and 0.1 on view 2, solarize never
 * on view 1 and 0.2 on view 2, ImageNet statistics.
 *
 * Source: BYOL (Grill et al. 2020), appendix B; the authors' `coco_coord.py`.
 *
 * @throws PixconError `invalid-argument` for a recipe out of range
 *
 * @example
 * byolAugmentation({ crops: { scale: [0.2, 1] } }).views[1].solarizeProbability; // => 0.2
 */
export function byolAugmentation(overrides: AugmentationOverrides = {}): Augmentation {
  const jitter = { brightness: 0.4, contrast: 0.4, saturation: 0.2, hue: 0.1 };
  const first = { ...sharedRecipe(), ...jitter, blurProbability: 1 };
  const second = { ...sharedRecipe(), ...jitter, blurProbability: 0.1, solarizeProbability: 0.2 };
  return override('byolAugmentation', { scale: [0.08, 1] }, [first, second], overrides);
}

/**
 * The augmentation of MoCo v2: crops of 20 to 100 % of the area, flips 0.5, jitter (0.4, 0.4, 0.4, 0.1) with
 * probability 0.8, grey 0.2, blur 0.5 and no solarize on both views, ImageNet statistics.
 *
 * Source: Chen et al. 2020, `--aug-plus`. The crops still share 1 % of the second one's area at least, which
 * MoCo itself does not ask for.
 *
 * @throws PixconError `invalid-argument` for a recipe out of range
 *
 * @example
 * mocoV2Augmentation().views[0].blurProbability; // => 0.5
 */
export function mocoV2Augmentation(overrides: AugmentationOverrides = {}): Augmentation {
  const jitter = { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 };
  const recipe = { ...sharedRecipe(), ...jitter, blurProbability: 0.5 };
  return override('mocoV2Augmentation', { scale: [0.2, 1] }, [recipe, recipe], overrides);
}

function sharedRecipe() {
  return {
    jitterProbability: 0.8,
    grayscaleProbability: 0.2,
    blurSigma: [0.1, 2],
    solarizeProbability: 0,
    solarizeThreshold: 128 / 255,
  } as const;
}

function override(
  where: string,
  crops: TwoCropOptions,
  views: readonly [ViewRecipe, ViewRecipe],
  overrides: AugmentationOverrides,
): Augmentation {
  const first = { ...views[0], ...overrides.views?.[0] };
  const second = { ...views[1], ...overrides.views?.[1] };
  assertRecipe(where, first);
  assertRecipe(where, second);
  return {
    crops: {
      aspectRatio: [3 / 4, 4 / 3],
      flipProbability: 0.5,
      minimumOverlap: 0.01,
      attempts: 10,
      reference: false,
      ...crops,
      ...overrides.crops,
    },
    views: [first, second],
    mean: overrides.mean ?? imagenetMean,
    standardDeviation: overrides.standardDeviation ?? imagenetStandardDeviation,
  };
}
