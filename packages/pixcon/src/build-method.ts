import { resnet10, resnet18, resnet34, resnet50, resnet101 } from '@pixcon/backbones';
import type { MatchingStrategy, Method, Optimizer } from '@pixcon/core';
import { coordinateMatching, semanticReweighting, similarityMatching } from '@pixcon/matching';
import { mocoV2Plus, pixcon } from '@pixcon/methods';
import { lars, sgd } from '@pixcon/optimizers';
import type { RunConfig } from './run-config.ts';

/** The backbones that a configuration can name. */
export const architectures = { resnet10, resnet18, resnet34, resnet50, resnet101 } as const;

/** The method that a configuration names, from the public parts. */
export function buildMethod(config: RunConfig): Method {
  const { outputStride, planes, recompute, queueLength, temperature, hidden, dim, targetMomentum } = config;
  const backbone = architectures[config.arch]({ outputStride, recompute, ...(planes ? { planes } : {}) });
  const common = { backbone, queueLength, temperature, hidden, dim, targetMomentum };
  if (config.method === 'moco-v2-plus') return mocoV2Plus(common);
  return pixcon({
    ...common,
    name: config.method,
    denseWeight: config.denseWeight,
    matching: buildMatching(config),
  });
}

function buildMatching(config: RunConfig): MatchingStrategy {
  const { sharpening, spatialReweighting: spatial, similarityReweighting: similarity, reference } = config;
  switch (config.method) {
    case 'pixcon-coord':
      return coordinateMatching();
    case 'pixcon-sim':
      return similarityMatching();
    default:
      return semanticReweighting(similarityMatching(), { sharpening, spatial, similarity, reference });
  }
}

export function buildOptimizer({ optimizer }: RunConfig): Optimizer {
  const { name, ...options } = optimizer;
  return name === 'lars' ? lars(options) : sgd(options);
}
