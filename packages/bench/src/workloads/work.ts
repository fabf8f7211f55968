/** A workload that is set up: a step can be run again and again. */
export interface Work {
  /** Resolves when the work is done, not when it is queued. */
  step(): Promise<void>;
  dispose(): void;
}
