import { PixconError } from '@pixcon/core';
import { z } from 'zod';

export const methodNames = ['pixcon-sr', 'pixcon-sim', 'pixcon-coord', 'moco-v2-plus'] as const;
export const architectureNames = ['resnet18', 'resnet34', 'resnet50', 'resnet101'] as const;
export const backendNames = ['auto', 'tensorflow-gpu', 'webgpu', 'tensorflow', 'wasm', 'cpu'] as const;

const whole = z.int();
const share = z.number().min(0).max(1);

/**
 * Everything that decides a run of the command line, defaults included. The resolved form is what a run folder's
 * `config.json` holds, and it can be given back with `--config`.
 */
export const runConfig = z.strictObject({
  method: z.enum(methodNames).default('pixcon-sr').describe('what to train'),
  arch: z.enum(architectureNames).default('resnet18').describe('backbone'),
  outputStride: z
    .union([z.literal(8), z.literal(16), z.literal(32)])
    .default(32)
    .describe('input pixels per side of a feature-map cell'),
  planes: z
    .array(whole.min(1))
    .length(4)
    .optional()
    .describe('channels of the four stages before expansion; the architecture’s own when absent'),
  imageSize: whole.min(32).default(128).describe('side of the square views in pixels'),
  batchSize: whole.min(2).default(32).describe('images per step'),
  epochs: whole.min(1).default(100).describe('passes over the photos'),
  queueLength: z
    .union([z.literal('auto'), whole.min(1)])
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
  learningRate: z.number().positive().optional().describe('peak; 0.4 · batchSize / 512 when absent'),
  warmupEpochs: z.number().min(0).optional().describe('4, at most a tenth of the run, when absent'),
  augmentation: z.enum(['byol', 'moco-v2']).default('byol').describe('recipe of the two views'),
  logEverySteps: whole.min(1).default(10),
  checkpointEverySteps: whole.min(1).optional(),
});

export type RunConfig = z.output<typeof runConfig>;
export type RunConfigInput = z.input<typeof runConfig>;

/**
 * A configuration with every default in its place.
 *
 * @param source what to name in the message, such as the file
 * @throws PixconError `invalid-argument`, one sentence per wrong entry
 */
export function resolveRunConfig(input: unknown, source: string): RunConfig {
  const result = runConfig.safeParse(input);
  if (result.success) {
    const { learningRate, warmupEpochs, ...config } = result.data;
    return {
      ...config,
      learningRate: learningRate ?? (0.4 * config.batchSize) / 512,
      warmupEpochs: warmupEpochs ?? Math.min(4, config.epochs / 10),
    };
  }
  const problems = result.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'top level'}: ${message}`,
  );
  throw new PixconError('invalid-argument', `${source}: ${problems.join('; ')}`);
}
