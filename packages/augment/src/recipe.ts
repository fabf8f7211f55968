import { assertNumber, type RandomStream } from '@pixcon/core';

/** How one view of an image is recoloured: ranges and probabilities. */
export interface ViewRecipe {
  /** Brightness factors are uniform in [max(0, 1 − brightness), 1 + brightness]. */
  readonly brightness: number;
  /** Contrast factors are uniform in [max(0, 1 − contrast), 1 + contrast]. */
  readonly contrast: number;
  /** Saturation factors are uniform in [max(0, 1 − saturation), 1 + saturation]. */
  readonly saturation: number;
  /** Hue shifts are uniform in [−hue, hue], in turns; at most 0.5. */
  readonly hue: number;
  /** Probability of the four above, together. */
  readonly jitterProbability: number;
  readonly grayscaleProbability: number;
  readonly blurProbability: number;
  /** Least and largest sigma of the blur, in pixels. */
  readonly blurSigma: readonly [number, number];
  readonly solarizeProbability: number;
  /** In [0, 1]. */
  readonly solarizeThreshold: number;
}

/** What was drawn for one image of a view: plain JSON, so that a run can record it. */
export interface PhotometricParameters {
  /** Factor; 1 is none. */
  readonly brightness: number;
  /** Factor; 1 is none. */
  readonly contrast: number;
  /** Factor; 1 is none. */
  readonly saturation: number;
  /** Shift in turns; 0 is none. */
  readonly hue: number;
  readonly grayscale: boolean;
  /** In pixels; 0 is none. */
  readonly blurSigma: number;
  /** `null` is none. */
  readonly solarizeThreshold: number | null;
}

/**
 * Draws the photometric parameters of one image. Every call takes the same number of draws from `random`,
 * whatever the outcome.
 *
 * @throws PixconError `invalid-argument` for a recipe out of range
 *
 * @example
 * const [recipe] = byolAugmentation().views;
 * samplePhotometric(new RandomStream(0), recipe); // => { brightness: 1.1…, …, grayscale: false, … }
 */
export function samplePhotometric(random: RandomStream, recipe: ViewRecipe): PhotometricParameters {
  assertRecipe('samplePhotometric', recipe);
  const jitters = random.chance(recipe.jitterProbability);
  const brightness = drawFactor(random, recipe.brightness);
  const contrast = drawFactor(random, recipe.contrast);
  const saturation = drawFactor(random, recipe.saturation);
  const hue = random.uniform(-recipe.hue, recipe.hue);
  const grayscale = random.chance(recipe.grayscaleProbability);
  const blurs = random.chance(recipe.blurProbability);
  const sigma = random.uniform(...recipe.blurSigma);
  const solarizes = random.chance(recipe.solarizeProbability);
  return {
    brightness: jitters ? brightness : 1,
    contrast: jitters ? contrast : 1,
    saturation: jitters ? saturation : 1,
    hue: jitters ? hue : 0,
    grayscale,
    blurSigma: blurs ? sigma : 0,
    solarizeThreshold: solarizes ? recipe.solarizeThreshold : null,
  };
}

function drawFactor(random: RandomStream, range: number): number {
  return random.uniform(Math.max(0, 1 - range), 1 + range);
}

export function assertRecipe(where: string, recipe: ViewRecipe): void {
  for (const name of ['brightness', 'contrast', 'saturation'] as const) {
    assertNumber(where, name, recipe[name], { minimum: 0 });
  }
  assertNumber(where, 'hue', recipe.hue, { minimum: 0, maximum: 0.5 });
  for (const name of ['jitter', 'grayscale', 'blur', 'solarize'] as const) {
    const key = `${name}Probability` as const;
    assertNumber(where, key, recipe[key], { minimum: 0, maximum: 1 });
  }
  const [least, largest] = recipe.blurSigma;
  assertNumber(where, 'blurSigma[0]', least, { minimum: 0 });
  assertNumber(where, 'blurSigma[1]', largest, { minimum: least });
  assertNumber(where, 'solarizeThreshold', recipe.solarizeThreshold, { minimum: 0, maximum: 1 });
}
