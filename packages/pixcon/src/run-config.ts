import { PixconError, precisions, shorten } from '@pixcon/core';
import { z } from 'zod';
import { augmentationConfig } from './augmentation-config.ts';
import { methodDefaults } from './methods/method-defaults.ts';
import { methodOptions } from './methods/method-options.ts';
import { joinSettings, recipeSettings } from './methods/recipes.ts';
import { architectureNames, backendNames, methodNames } from './names.ts';

const whole = z.int({
  error: ({ code, input }) =>
    code === 'invalid_type' ? `expected a whole number, got ${JSON.stringify(input)}` : undefined,
});
const share = z.number().min(0).max(1);

/**
 * Everything that decides a run of the command line, defaults included. The resolved form is what a run folder's
 * `config.json` holds, and it can be given back with `--config`.
 */
const runConfig = z.strictObject({
  recipe: z
    .array(z.string())
    .default([])
    .describe('named settings below all others; pixcon methods lists them'),
  method: z.enum(methodNames).default('pixcon-sr').describe('what to train'),
  options: z.record(z.string(), z.unknown()).default({}).describe('what the method alone has'),
  arch: z.enum(architectureNames).default('resnet18').describe('backbone'),
  outputStride: z
    .union([z.literal(8), z.literal(16), z.literal(32)], { error: 'expected 8, 16 or 32' })
    .default(32)
    .describe('input pixels per side of a feature-map cell'),
  planes: z
    .array(whole.min(1))
    .length(4)
    .optional()
    .describe('channels of the four stages before expansion; the architecture’s own when absent'),
  init: z.string().min(1).optional().describe('weights of PyTorch that the backbone starts from'),
  network: z.string().min(1).optional().describe('which network of the file of init, where it has several'),
  imageSize: whole.min(32).default(128).describe('side of the square views in pixels'),
  batchSize: whole.min(2).default(32).describe('images per step'),
  accumulate: whole
    .min(1)
    .default(1)
    .describe('parts that a batch is computed in before its update: less memory, own batch statistics'),
  recompute: z
    .boolean()
    .default(false)
    .describe('compute activations again in the backward pass: less memory, more time'),
  precision: z
    .enum(precisions)
    .default('full')
    .describe('mixed: two bytes a number between layers, on webgpu: less memory, less traffic'),
  epochs: whole.min(1).default(100).describe('passes over the photos'),
  queueLength: z
    .union([z.literal('auto'), whole.min(1)], { error: 'expected "auto" or a whole number of at least 1' })
    .default('auto')
    .describe('negative keys per queue; auto: 65536, fewer for a small data set'),
  backend: z.enum(backendNames).default('auto').describe('where to compute'),
  seed: whole.min(0).max(0xffff_ffff).default(0).describe('every random draw follows from it'),
  temperature: z.number().positive().default(0.2).describe('of both losses'),
  denseWeight: share.default(0.5).describe('share of the dense loss'),
  hidden: whole.min(1).default(2048).describe('hidden width of heads and predictors'),
  dim: whole.min(2).default(128).describe('width of the projections'),
  targetMomentum: share.default(0.99).describe('first momentum of the target encoder'),
  sharpening: z.number().positive().default(2).describe('exponent of the semantic weights (pixcon-sr)'),
  spatialReweighting: z.boolean().default(true).describe('full weight inside the overlap (pixcon-sr)'),
  similarityReweighting: z
    .boolean()
    .default(true)
    .describe('weights by similarity outside the overlap (pixcon-sr)'),
  reference: z.boolean().default(false).describe('reproduce the authors’ code where ours differs'),
  optimizer: z
    .discriminatedUnion('name', [
      z.strictObject({
        name: z.literal('sgd'),
        momentum: share.default(0.9),
        weightDecay: z.number().min(0).default(1e-4),
      }),
      z.strictObject({
        name: z.literal('lars'),
        momentum: share.default(0.9),
        weightDecay: z.number().min(0).default(1e-6),
        trustCoefficient: z.number().positive().default(0.001),
      }),
    ])
    .default({ name: 'sgd', momentum: 0.9, weightDecay: 1e-4 }),
  learningRate: z.number().positive().optional().describe('peak; the method’s own by batch size when absent'),
  warmupEpochs: z.number().min(0).optional().describe('4, at most a tenth of the run, when absent'),
  augmentation: augmentationConfig
    .default('byol')
    .describe('recipe of the two views, by name or with changes'),
  logEverySteps: whole.min(1).default(10).describe('steps between fetching and logging the losses'),
  checkpointEverySteps: z
    .union([z.literal('auto'), whole.min(1)], { error: 'expected "auto" or a whole number of at least 1' })
    .default('auto')
    .describe('steps between checkpoints; auto: an epoch’s, at least 50 and at most 500'),
  report: z.boolean().default(true).describe('report.html and its pictures in the run folder'),
  pictures: whole.min(0).default(4).describe('photos in the report'),
  tensorboard: z.boolean().default(true).describe('event files for TensorBoard in the run folder'),
});

/** Every default in its place. */
export type RunConfig = z.output<typeof runConfig> & {
  readonly learningRate: number;
  readonly warmupEpochs: number;
};

/**
 * A configuration with every default in its place.
 *
 * @param source what to name in the message, such as the file
 * @throws PixconError `invalid-argument`, one sentence per wrong entry
 */
export function resolveRunConfig(input: unknown, source: string): RunConfig {
  // Parsed once as given, so that what is wrong is told before its defaults are looked for.
  const { recipe, ...given } = isObject(input) ? input : { recipe: undefined };
  const names = parse(runConfig.shape.recipe, recipe, source, ['recipe']);
  const settings = joinSettings(recipeSettings(names), given);
  const { method, options } = parse(
    runConfig,
    isObject(input) ? { ...settings, recipe: names } : input,
    source,
  );
  const { learningRatePer256, settings: defaults } = methodDefaults(method, options);
  const { learningRate, warmupEpochs, ...config } = parse(
    runConfig,
    { ...defaults, ...settings, recipe: names },
    source,
  );
  return {
    ...config,
    options: parse<Record<string, unknown>>(methodOptions[method], options, source, ['options']),
    learningRate: learningRate ?? (learningRatePer256 * config.batchSize) / 256,
    warmupEpochs: warmupEpochs ?? Math.min(4, config.epochs / 10),
  };
}

function parse<Output>(
  schema: z.ZodType<Output>,
  input: unknown,
  source: string,
  path: PropertyKey[] = [],
): Output {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const issues = result.error.issues.map((issue) =>
    describeIssue({ ...issue, path: [...path, ...issue.path] }, known),
  );
  throw new PixconError('invalid-argument', `${source}: ${shorten(issues.join('; '), 1800)}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function describeIssue(issue: z.core.$ZodIssue, names: readonly string[]): string {
  const name = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.map((key) => [...issue.path, key].join('.')).join(', ');
    const list = names.length === 0 ? '; it has none' : `; known are ${names.join(', ')}`;
    const known = issue.path.length === 0 || name === 'options' ? list : '';
    return `unknown setting ${shorten(keys, 200)}${known}`;
  }
  const message = shorten(issue.message.charAt(0).toLowerCase() + issue.message.slice(1), 300);
  return name === '' ? message : `${name}: ${message}`;
}
