import type { Tensor } from '@tensorflow/tfjs-core';
import type { ParameterSet } from './parameters.ts';

/** Moves parameters by their gradients; its own state is explicit, so that a checkpoint can hold it. */
export interface Optimizer {
  readonly name: string;
  /** The resolved options, defaults included, for the run's record. */
  readonly settings: Readonly<Record<string, unknown>>;
  /**
   * Makes what the first update would make, ahead of the step's activations: what is made between these is scattered
   * over their memory, which then fits no large tensor any more. Changes no results; does nothing the second time.
   */
  prepare?(parameters: ParameterSet): void;
  /**
   * One update in place. `gradients` are by parameter name and stay the caller's.
   *
   * @throws PixconError `invalid-argument` when a gradient has no parameter
   */
  update(parameters: ParameterSet, gradients: ReadonlyMap<string, Tensor>, learningRate: number): void;
  /** The state's tensors by name (live: do not dispose), in memory layout. */
  state(): ReadonlyMap<string, Tensor>;
  /** Replaces the state by copies of the given tensors. */
  restore(state: ReadonlyMap<string, Tensor>): void;
  dispose(): void;
}
