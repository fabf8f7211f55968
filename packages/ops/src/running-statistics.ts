let fixed = 0;

/** Whether batch normalization in training moves its running statistics now. */
export function runningStatisticsMove(): boolean {
  return fixed === 0;
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
