import type { Scalar, Tensor } from '@tensorflow/tfjs-core';
import type { Backbone } from './backbone.ts';
import type { Match, MatchInput, MatchingStrategy } from './matching.ts';
import type { ParameterSet } from './parameters.ts';
import type { KeyQueue } from './queue.ts';
import type { RandomStream } from './random.ts';
import type { ViewPair } from './views.ts';

/** Everything of a method that training changes. */
export interface MethodState {
  readonly online: ParameterSet;
  /** The target encoder, where the method has one. */
  readonly target?: ParameterSet;
  readonly queues: Readonly<Record<string, KeyQueue>>;
  dispose(): void;
}

/** What the trainer knows about the run when the state is made. */
export interface InitializeOptions {
  readonly random: RandomStream;
  /** Images in the data set: a queue whose length is `'auto'` is sized by it. */
  readonly datasetSize?: number;
  readonly batchSize: number;
}

/**
 * Computes one summand of a step's loss. The trainer runs it inside a gradient, and the gradients of all parts add
 * up; what one part keeps for its backward pass is freed before the next part runs.
 */
export type LossPart = () => Losses;

/** What the trainer knows about a step. */
export interface StepContext {
  /** Counted from 0. */
  readonly step: number;
  /** Momentum of the target encoder at this step. */
  readonly targetMomentum: number;
  /** A stream of this step's own. */
  readonly random: RandomStream;
  /** Hears of each match of the step, for checks: pass it to `matchCells`. */
  readonly inspect?: (match: Match, input: MatchInput) => void;
}

/**
 * Tensors that the target encoder made for a step; the trainer disposes them after the step. The first axis of each
 * counts images, or rows of images in their order: where a batch is computed in parts, the parts are joined along it.
 */
export type Targets = Readonly<Record<string, Tensor>>;

/** What a method asks for beside two views of each image: regions that are likely to hold objects. */
export interface InstanceRequest {
  /** Regions of each image. */
  readonly count: number;
  /** Side of each in pixels, after resizing. */
  readonly size: number;
}

export interface Losses {
  /** What is minimised. */
  readonly total: Scalar;
  /** The terms to log, by name (`image`, `dense`): already weighted, they add up to `total`. */
  readonly terms: Readonly<Record<string, Scalar>>;
  /**
   * Other scalars to log, by name. `featureDeviation`: mean standard deviation over the batch of the
   * L2-normalised features times √dim, which is near 1 for spread features and 0 after a collapse. Where several
   * parts of a step tell one, their mean is logged.
   */
  readonly diagnostics: Readonly<Record<string, Scalar>>;
}

/**
 * A self-supervised method: it wires parts and says what a step computes. The trainer calls, per step,
 * `prepare`, `encodeTargets` (no gradient), each part of `losses` (inside a gradient), the optimizer, then `update`.
 */
export interface Method {
  readonly name: string;
  /** The resolved options, defaults included, as JSON, for the run's record. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly backbone: Backbone;
  /** Prefix of the backbone's parameters in `online` and `target`. */
  readonly backbonePrefix: string;
  /** First target momentum. Absent without a target encoder. */
  readonly targetMomentum?: number;
  /** `cosine` (default): the target momentum rises to 1 along a cosine; `constant`: it stays. */
  readonly targetMomentumSchedule?: 'constant' | 'cosine';
  /**
   * Prefixes of parameters whose learning rate is the base rate at every step, without warm-up and decay: SimSiam's
   * predictor. Default none.
   */
  readonly fixedLearningRate?: readonly string[];
  /**
   * Prefixes of parameters that get no gradient by intent, as a head whose loss has no weight. Of others the trainer
   * tells. Default none.
   */
  readonly withoutGradient?: readonly string[];
  /** Regions that each batch brings as `instances`, which both views then share. Default none. */
  readonly instances?: InstanceRequest;
  /** How query cells find their key cells, for pictures and scores. Absent without a dense loss. */
  readonly matching?: MatchingStrategy;
  initialize(options: InitializeOptions): MethodState;
  /** The loss expected of features that tell nothing, for the state's queues: Σ weight · ln(1 + K). */
  chanceLoss?(state: MethodState): number;
  /**
   * The same of each term that has a chance level, by the name it is logged by: the weight of a term is in it, and both
   * directions of a symmetric loss. For methods of several terms: their sum can be far below chance while one of them is
   * not.
   */
  chanceTerms?(state: MethodState): Readonly<Record<string, number>>;
  /** Runs first in a step, once: for methods whose target moves before it encodes (MoCo, DenseCL, PixPro, SlotCon). */
  prepare?(state: MethodState, context: StepContext): void;
  encodeTargets(state: MethodState, batch: ViewPair, context: StepContext): Targets;
  /**
   * The summands of the step's loss. A symmetric loss has one for each view, so that only one view's activations
   * are held at a time.
   */
  losses(
    state: MethodState,
    batch: ViewPair,
    targets: Targets,
    context: StepContext,
  ): readonly [LossPart, ...LossPart[]];
  update(state: MethodState, targets: Targets, context: StepContext): void;
}
