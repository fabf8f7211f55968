import {
  type Augmentation,
  type AugmentationOverrides,
  byolAugmentation,
  mocoV2Augmentation,
} from '@pixcon/augment';
import { z } from 'zod';

const amount = z.number().min(0);
const share = z.number().min(0).max(1);
/** Least and largest. */
const range = (part: z.ZodNumber) =>
  z.tuple([part, part]).refine(([least, largest]) => least <= largest, {
    error: ({ input }) => `expected the least value first, got ${JSON.stringify(input)}`,
  });

const viewRecipe = z
  .strictObject({
    brightness: amount,
    contrast: amount,
    saturation: amount,
    hue: z.number().min(0).max(0.5),
    jitterProbability: share,
    grayscaleProbability: share,
    blurProbability: share,
    blurSigma: range(amount),
    solarizeProbability: share,
    solarizeThreshold: share,
  })
  .partial();

const recipeName = z.enum(['byol', 'moco-v2']);

/** A recipe by name, or one with changes: `{ "recipe": "byol", "crops": { "scale": [0.2, 1] } }`. */
export const augmentationConfig = z.union(
  [
    recipeName,
    z.strictObject({
      recipe: recipeName.default('byol'),
      crops: z
        .strictObject({
          scale: range(z.number().positive().max(1)),
          aspectRatio: range(z.number().positive()),
          attempts: z.int().min(1),
          flipProbability: share,
          minimumOverlap: share,
        })
        .partial()
        .default({}),
      views: z.tuple([viewRecipe, viewRecipe]).default([{}, {}]),
    }),
  ],
  {
    error: ({ input }) =>
      `expected "byol", "moco-v2" or { "recipe", "crops", "views" } with the names of @pixcon/augment, got ${JSON.stringify(input)}`,
  },
);

export type AugmentationConfig = z.output<typeof augmentationConfig>;

/** @param reference draw crops as the authors' code does */
export function buildAugmentation(config: AugmentationConfig, reference: boolean): Augmentation {
  const { recipe, crops, views } =
    typeof config === 'string' ? { recipe: config, crops: {}, views: [{}, {}] as const } : config;
  const preset = recipe === 'byol' ? byolAugmentation : mocoV2Augmentation;
  // What was parsed from JSON has no undefined entries.
  return preset({ crops: { ...crops, ...(reference ? { reference } : {}) }, views } as AugmentationOverrides);
}
