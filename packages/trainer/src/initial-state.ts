import { type Method, type MethodState, RandomStream } from '@pixcon/core';

export interface InitialStateOptions {
  readonly seed: number;
  readonly datasetSize: number;
  readonly batchSize: number;
}

/** The state that `pretrain` starts from for a seed: the untrained network to compare with. */
export function initialState(method: Method, options: InitialStateOptions): MethodState {
  const { seed, ...sizes } = options;
  return method.initialize({ random: new RandomStream(seed).fork('initialize'), ...sizes });
}
