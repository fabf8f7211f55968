/** When pictures are made, as shares of the run: often early, when features change fast. */
const shares = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1];

/** The steps done at which a run of `totalSteps` makes pictures, in order, each once. */
export function snapshotSteps(totalSteps: number): number[] {
  return [...new Set(shares.map((share) => Math.round(share * totalSteps)))];
}

/**
 * Whether pictures are to be made after `done` steps: one of `planned` has come, and none of `made` is as late.
 * So a run that was killed before it could make pictures that were due makes them as soon as it goes on.
 */
export function isSnapshotDue(planned: readonly number[], made: Iterable<number>, done: number): boolean {
  const due = planned.findLast((step) => step <= done);
  return due !== undefined && ![...made].some((step) => step >= due && step <= done);
}
