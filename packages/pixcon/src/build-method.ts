import { resnet10, resnet18, resnet34, resnet50, resnet101 } from '@pixcon/backbones';
import type { MatchingStrategy, Method, Optimizer } from '@pixcon/core';
import { coordinateMatching, semanticReweighting, similarityMatching } from '@pixcon/matching';
import { byol, denseCL, mocoV2, mocoV2Plus, pixcon, pixpro, simSiam, slotcon, univip } from '@pixcon/methods';
import { lars, sgd } from '@pixcon/optimizers';
import type { MatchingName, MethodOptions } from './methods/method-options.ts';
import type { RunConfig } from './run-config.ts';

/** The backbones that a configuration can name. */
export const architectures = { resnet10, resnet18, resnet34, resnet50, resnet101 } as const;

/** The method that a configuration names, from the public parts. */
export function buildMethod(config: RunConfig): Method {
  const { method, queueLength, temperature, hidden, dim, targetMomentum, denseWeight } = config;
  const { outputStride, planes, recompute, precision } = config;
  const backbone = architectures[config.arch]({
    outputStride,
    recompute,
    precision,
    ...(planes ? { planes } : {}),
  });
  const projection = { backbone, hidden, dim };
  const momentum = { ...projection, targetMomentum };
  const contrast = { ...momentum, queueLength, temperature };
  // Checked against the method's schema when the configuration was read.
  const own = config.options;
  switch (method) {
    case 'moco-v2':
      return mocoV2({ ...contrast, ...(own as MethodOptions<'moco-v2'>) });
    case 'moco-v2-plus':
      return mocoV2Plus(contrast);
    case 'densecl':
      return denseCL({ ...contrast, denseWeight, ...(own as MethodOptions<'densecl'>) });
    case 'byol':
      return byol(momentum);
    case 'simsiam':
      return simSiam({ ...projection, ...(own as MethodOptions<'simsiam'>) });
    case 'pixpro':
      return pixpro({ ...momentum, ...(own as MethodOptions<'pixpro'>) });
    case 'slotcon': {
      const { matching, ...rest } = own as MethodOptions<'slotcon'>;
      return slotcon({
        ...contrast,
        ...rest,
        ...(matching ? { matching: buildMatching(matching, config) } : {}),
      });
    }
    case 'univip':
      return univip({ ...momentum, ...(own as MethodOptions<'univip'>) });
    default:
      return pixcon({
        ...contrast,
        name: method,
        denseWeight,
        matching: buildMatching(pixconMatchings[method], config),
      });
  }
}

const pixconMatchings = {
  'pixcon-sr': 'semantic-reweighting',
  'pixcon-sim': 'similarity',
  'pixcon-coord': 'coordinate',
} as const;

function buildMatching(name: MatchingName, config: RunConfig): MatchingStrategy {
  const { sharpening, spatialReweighting: spatial, similarityReweighting: similarity, reference } = config;
  switch (name) {
    case 'coordinate':
      return coordinateMatching();
    case 'similarity':
      return similarityMatching();
    case 'semantic-reweighting':
      return semanticReweighting(similarityMatching(), { sharpening, spatial, similarity, reference });
  }
}

export function buildOptimizer({ optimizer }: RunConfig): Optimizer {
  const { name, ...options } = optimizer;
  return name === 'lars' ? lars(options) : sgd(options);
}
