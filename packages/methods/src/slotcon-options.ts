import { assertNumber, type Backbone, type MatchingStrategy, PixconError } from '@pixcon/core';
import { similarityMatching } from '@pixcon/matching';
import type { QueueLength } from './queue-length.ts';

export interface SlotConOptions {
  readonly backbone: Backbone;
  /** Prototypes that cells are grouped by. Default 256, the authors' number for COCO; 2048 for ImageNet. */
  readonly prototypes?: number;
  /** τ of the student's assignment of cells. Default 0.1. */
  readonly studentTemperature?: number;
  /** τ of the teacher's assignment, and of the grouping into slots. Default 0.07. */
  readonly teacherTemperature?: number;
  /** Momentum of the centre of the teacher's scores. In [0, 1]. Default 0.9. */
  readonly centreMomentum?: number;
  /** Share of the grouping loss; the slot loss has the rest. In [0, 1]. Default 0.5. */
  readonly groupWeight?: number;
  /** τ of the slot loss, and of the image and pixel losses where there are such. Default 0.2. */
  readonly temperature?: number;
  /** Distil the grouping where the views overlap, by inverse augmentation. Default true. */
  readonly inverseAugmentation?: boolean;
  /** Distil the grouping between the cells that this matches, too, or alone. Default: none. */
  readonly matching?: MatchingStrategy;
  /** Weight of an image-level loss, MoCo-v2+'s, with a queue; at 0 it has no head. Not negative. Default 0. */
  readonly imageWeight?: number;
  /** Weight of a pixel-level loss, PixCon's, with a queue; at 0 it has no head. Not negative. Default 0. */
  readonly pixelWeight?: number;
  /** Matching of the pixel-level loss. Default `similarityMatching()`. */
  readonly pixelMatching?: MatchingStrategy;
  /** Keys in the queues of the image and pixel losses. Default `'auto'`: 65,536, fewer for a small data set. */
  readonly queueLength?: QueueLength;
  /** Hidden width of SlotCon's head and predictor. Default 4096. */
  readonly hidden?: number;
  /** Width of cells, prototypes and slots. Default 256. */
  readonly dim?: number;
  /** Hidden width of the image and pixel heads. Default 2048. */
  readonly contrastHidden?: number;
  /** Width of their projections. Default 128. */
  readonly contrastDim?: number;
  /** First momentum of the target encoder. Default 0.99. */
  readonly targetMomentum?: number;
  /** Name in the run's record. Default `slotcon`. */
  readonly name?: string;
}

/** Every option with its default. */
type ResolvedSlotConOptions = Required<Omit<SlotConOptions, 'matching'>> & {
  readonly matching: MatchingStrategy | undefined;
};

/** @throws PixconError `invalid-argument` for an option out of range, or without any grouping loss */
export function resolveSlotConOptions(options: SlotConOptions): ResolvedSlotConOptions {
  const {
    backbone,
    prototypes = 256,
    studentTemperature = 0.1,
    teacherTemperature = 0.07,
    centreMomentum = 0.9,
    groupWeight = 0.5,
    temperature = 0.2,
    inverseAugmentation = true,
    matching,
    imageWeight = 0,
    pixelWeight = 0,
    pixelMatching = similarityMatching(),
    queueLength = 'auto',
    hidden = 4096,
    dim = 256,
    contrastHidden = 2048,
    contrastDim = 128,
    targetMomentum = 0.99,
    name = 'slotcon',
  } = options;
  const shares = { centreMomentum, groupWeight, targetMomentum };
  for (const [argument, value] of Object.entries(shares)) {
    assertNumber('slotcon', argument, value, { minimum: 0, maximum: 1 });
  }
  for (const [argument, value] of Object.entries({ studentTemperature, teacherTemperature, temperature })) {
    assertNumber('slotcon', argument, value, { minimum: 0, exclusiveMinimum: true });
  }
  for (const [argument, value] of Object.entries({ imageWeight, pixelWeight })) {
    assertNumber('slotcon', argument, value, { minimum: 0 });
  }
  if (!inverseAugmentation && !matching) {
    throw new PixconError(
      'invalid-argument',
      'slotcon: the grouping needs inverseAugmentation or a matching, got neither; give it one of them',
    );
  }
  return {
    backbone,
    prototypes,
    studentTemperature,
    teacherTemperature,
    centreMomentum,
    groupWeight,
    temperature,
    inverseAugmentation,
    matching,
    imageWeight,
    pixelWeight,
    pixelMatching,
    queueLength,
    hidden,
    dim,
    contrastHidden,
    contrastDim,
    targetMomentum,
    name,
  };
}

/** The options for the run's record, as JSON. */
export function slotConSettings(options: ResolvedSlotConOptions): Readonly<Record<string, unknown>> {
  const { backbone, matching, pixelMatching, name: _, ...numbers } = options;
  const named = (strategy: MatchingStrategy) => ({ name: strategy.name || 'custom', ...strategy.settings });
  return {
    backbone: backbone.name,
    ...numbers,
    matching: matching ? named(matching) : null,
    pixelMatching: options.pixelWeight > 0 ? named(pixelMatching) : null,
  };
}
