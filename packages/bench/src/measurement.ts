/** What one run of a workload gave, ours or the peer's. */
export interface Measurement {
  /**
   * Median over the timed steps. Wall time; for the workload `data`, processor time over all threads, so that
   * images per second are per core.
   */
  readonly secondsPerStep: number;
  readonly imagesPerSecond: number;
  /** Peak resident memory of the process that ran this workload and nothing else. */
  readonly peakRssMiB: number;
  /** Of that, what the work itself added; for the workload `loss`. */
  readonly extraMiB?: number;
  /** Most memory of the device that its tensors took; on a device with memory of its own. */
  readonly peakDeviceMiB?: number;
  /** The backend's name, `torch` for the peer. */
  readonly backend: string;
  readonly versions: Readonly<Record<string, string>>;
  /** The fastest and the slowest timed step; absent where the peer does not tell them. */
  readonly spread?: Spread;
  /** Timed steps, warm-up excluded. */
  readonly steps: number;
  /** Processor seconds of all threads per step, mean; of ours only. */
  readonly cpuSecondsPerStep?: number;
  /** Median wall time, where `secondsPerStep` is processor time. */
  readonly wallSecondsPerStep?: number;
}

export interface Spread {
  readonly minimum: number;
  readonly maximum: number;
}
