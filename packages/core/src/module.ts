import type { Tensor } from '@tensorflow/tfjs-core';
import type { ParameterSpec, Parameters } from './parameters.ts';

export interface Mode {
  /**
   * True: batch normalization uses the batch's statistics and moves the running ones. False: it uses the
   * running ones and moves nothing.
   */
  readonly training: boolean;
  /**
   * In training, batch normalization takes the statistics of each of this many equal runs of consecutive images by
   * itself, as if each lay on a device of its own. Divides the batch; 1 by default.
   */
  readonly splits?: number;
}

/**
 * A network part without state: it declares its parameters and computes with those it is given, so that one
 * module serves the online and the target encoder.
 */
export interface Module<Input = Tensor, Output = Tensor> {
  readonly parameters: readonly ParameterSpec[];
  /** The caller disposes the result; `input` stays. Gradients flow to input and parameters. */
  apply(parameters: Parameters, input: Input, mode: Mode): Output;
}
