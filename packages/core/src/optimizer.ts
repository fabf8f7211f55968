import type { Tensor } from '@tensorflow/tfjs-core';
import type { ParameterSet } from './parameters.ts';

/** Moves parameters by their gradients; its own state is explicit, so that a checkpoint can hold it. */
export interface Optimizer {
  readonly name: string;
  /** The resolved options, defaults included, for the run's record. */
  readonly settings: Readonly<Record<string, unknown>>;
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
