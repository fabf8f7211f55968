import type * as tf from '@tensorflow/tfjs-core';

/** What a normalization layer keeps of the batches it has seen. */
export interface RunningStatistics {
  readonly runningMean: tf.Variable;
  readonly runningVariance: tf.Variable;
}

let fixed = 0;

/** Whether batch normalization in training moves its running statistics now. */
export function runningStatisticsMove(): boolean {
  return fixed === 0;
}

/** Gives a layer the running statistics after a batch, unless they are fixed now. */
export function moveRunningStatistics(
  { runningMean, runningVariance }: RunningStatistics,
  after: { readonly runningMean: tf.Tensor; readonly runningVariance: tf.Tensor },
): void {
  if (!runningStatisticsMove()) return;
  runningMean.assign(after.runningMean);
  runningVariance.assign(after.runningVariance);
}

/** Runs `f`, in which batch normalization in training leaves its running statistics: its batch has moved them before. */
export function withFixedRunningStatistics<Result>(f: () => Result): Result {
  fixed++;
  try {
    return f();
  } finally {
    fixed--;
  }
}
