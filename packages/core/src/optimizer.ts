import type { Tensor } from '@tensorflow/tfjs-core';
import type { ParameterSet } from './parameters.ts';

export interface UpdateOptions {
  /**
   * A number on the device: nothing moves, velocities included, unless it is 0. For gradients that may have overflowed,
   * of which the host knows nothing yet. Not together with `accumulate`.
   */
  readonly skip?: Tensor | undefined;
}

/** Moves parameters by their gradients; its own state is explicit, so that a checkpoint can hold it. */
export interface Optimizer {
  readonly name: string;
  /** The resolved options, defaults included, for the run's record. */
  readonly settings: Readonly<Record<string, unknown>>;
  /**
   * Makes what the first update would make, ahead of the step's activations: what is made between these is scattered
   * over their memory, which then fits no large tensor any more. Changes no results; makes nothing the second time. Comes
   * first in every step.
   */
  prepare?(parameters: ParameterSet): void;
  /**
   * Takes in the gradients of one part of a step's loss, before the `update` of the same step, which brings the last
   * part's: their sum then needs no memory beside the optimizer's own. Moves no parameter. What is taken in counts as
   * the same step until `update` has had a gradient of the same parameter, or `prepare` is called. Absent where an
   * update needs the whole gradient first, as LARS does for its norm.
   *
   * @throws PixconError `invalid-argument` when a gradient has no parameter
   */
  accumulate?(parameters: ParameterSet, gradients: ReadonlyMap<string, Tensor>): void;
  /**
   * One update in place. `gradients` are by parameter name and stay the caller's.
   *
   * @throws PixconError `invalid-argument` when a gradient has no parameter
   */
  update(
    parameters: ParameterSet,
    gradients: ReadonlyMap<string, Tensor>,
    learningRate: number,
    options?: UpdateOptions,
  ): void;
  /** The state's tensors by name (live: do not dispose), in memory layout. */
  state(): ReadonlyMap<string, Tensor>;
  /** Replaces the state by copies of the given tensors. */
  restore(state: ReadonlyMap<string, Tensor>): void;
  dispose(): void;
}
