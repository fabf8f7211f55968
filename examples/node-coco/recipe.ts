import {
  byolAugmentation,
  type Method,
  type PretrainOptions,
  pixcon,
  resnet50,
  semanticReweighting,
  sgd,
  similarityMatching,
} from 'pixcon';

export interface RecipeOptions {
  /** Images per step, over all of the parts. Default 512, the paper's. */
  readonly batchSize?: number;
  /** Images computed at a time. Default 32; the paper's four cards have 128 each. */
  readonly partSize?: number;
  /** Default 800, the paper's. */
  readonly epochs?: number;
  /** Default 224, the paper's. */
  readonly imageSize?: number;
  /** Default 65,536, the paper's. */
  readonly queueLength?: number;
}

/**
 * PixCon-SR as in the paper, section 5.1, with every number written out.
 *
 * @example
 * const { method, training } = paperRecipe();
 * await pretrain(method, imageFolder('coco/train2017'), { ...training, out: 'runs/coco' });
 */
export function paperRecipe(options: RecipeOptions = {}): { method: Method; training: PretrainOptions } {
  const { batchSize = 512, partSize = 32, epochs = 800, imageSize = 224, queueLength = 65_536 } = options;
  return {
    method: pixcon({
      backbone: resnet50({ recompute: true }), // activations again in the backward pass, so that a part fits
      matching: semanticReweighting(similarityMatching(), { sharpening: 2 }),
      queueLength,
      temperature: 0.2,
      denseWeight: 0.5,
      hidden: 2048,
      dim: 128,
      targetMomentum: 0.99,
    }),
    training: {
      epochs,
      batchSize,
      accumulate: Math.max(1, Math.round(batchSize / partSize)),
      imageSize,
      augmentation: byolAugmentation(),
      optimizer: sgd({ momentum: 0.9, weightDecay: 1e-4 }),
      learningRate: (0.4 * batchSize) / 512,
      warmupEpochs: Math.min(4, epochs / 10),
      seed: 0,
    },
  };
}
