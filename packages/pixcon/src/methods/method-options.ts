import { z } from 'zod';
import type { methodNames } from '../names.ts';

const whole = z.int().min(1);
const share = z.number().min(0).max(1);
const weight = z.number().min(0);
const matching = z.enum(['coordinate', 'similarity', 'semantic-reweighting']);
const splits = whole
  .default(8)
  .describe('runs of images with batch statistics of their own (ShuffleBN); 1: none');

/** Nothing beyond the settings that all methods share. */
const none = z.strictObject({});

/** The options that a method alone has, by the names of its factory in `@pixcon/methods`. */
export const methodOptions = {
  'pixcon-sr': none,
  'pixcon-sim': none,
  'pixcon-coord': none,
  'moco-v2': z.strictObject({ splits }),
  'moco-v2-plus': none,
  densecl: z.strictObject({
    splits,
    headNormalization: z.boolean().default(false).describe('batch normalization in heads'),
    predictors: z.boolean().default(false).describe('a predictor behind each online head'),
    ascendingMomentum: z
      .boolean()
      .default(false)
      .describe('the target moves after the step, by a momentum that rises to 1'),
    symmetric: z.boolean().default(false).describe('each view is query once'),
  }),
  byol: none,
  simsiam: z.strictObject({
    predictorHidden: whole.default(512).describe('hidden width of the predictor'),
    fixPredictorLearningRate: z
      .boolean()
      .default(true)
      .describe('the predictor’s learning rate does not fall'),
  }),
  pixpro: z.strictObject({
    radius: z.number().positive().default(0.7).describe('largest distance of a pair, in diagonals of a cell'),
    exponent: z.number().positive().default(2).describe('γ of pixel propagation'),
    transformLayers: z.union([z.literal(0), z.literal(1), z.literal(2)]).default(1),
    imageWeight: weight.default(0).describe('weight of the image-level loss'),
  }),
  slotcon: z.strictObject({
    prototypes: whole.default(256).describe('groups that cells are put into'),
    studentTemperature: z.number().positive().default(0.1),
    teacherTemperature: z.number().positive().default(0.07),
    centreMomentum: share.default(0.9),
    groupWeight: share.default(0.5).describe('share of the grouping loss'),
    inverseAugmentation: z.boolean().default(true).describe('distil the grouping where the views overlap'),
    matching: matching.optional().describe('distil the grouping between matched cells, too'),
    imageWeight: weight.default(0).describe('weight of an image-level loss'),
    pixelWeight: weight.default(0).describe('weight of PixCon’s pixel-level loss'),
  }),
  univip: z.strictObject({
    instanceCount: whole.default(4).describe('instances of each image'),
    instanceSize: z.int().min(32).default(96).describe('side of an instance in pixels'),
    epsilon: z.number().min(0.03).default(0.1).describe('of the transport plan between instances'),
    iterations: whole.default(50).describe('rounds of Sinkhorn’s iteration'),
  }),
} as const satisfies Readonly<Record<(typeof methodNames)[number], z.ZodType>>;

export type MethodOptions<Name extends keyof typeof methodOptions> = z.output<(typeof methodOptions)[Name]>;

/** A matching by its name in a configuration. */
export type MatchingName = z.output<typeof matching>;
