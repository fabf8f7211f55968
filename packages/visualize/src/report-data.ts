import type { InspectedPair, Snapshot } from './inspection.ts';

/** A line of `metrics.jsonl`; entries that a method does not log are absent. */
export interface ReportMetrics {
  /** Counted from 1. */
  readonly step: number;
  /** Whole epochs done before this step. */
  readonly epoch: number;
  readonly loss: number;
  /**
   * ln(1 + K) weighted as the loss is: what features that tell nothing reach. That of a term `image` of the loss is
   * `imageChance`.
   */
  readonly chance?: number;
  readonly learningRate: number;
  readonly targetMomentum: number;
  /** Keys of real images in each queue. */
  readonly queueFilled: number;
  readonly imagesPerSecond: number;
  /** Mean standard deviation of the normalised features times √dim: near 1 when spread, 0 after a collapse. */
  readonly featureDeviation?: number;
  /** Mean weight of the matches. */
  readonly matchWeight?: number;
  /** Memory of the process when the record was fetched, where there is one to ask. */
  readonly residentMiB?: number;
  /** Memory of all tensors of tfjs when the record was fetched. */
  readonly tensorMiB?: number;
  /** Of mixed precision: what the loss was multiplied by, and 1 where the gradients overflowed. */
  readonly lossScale?: number;
  readonly overflow?: number;
  /** Terms of the loss (`image`, `dense`) and whatever else the method logs. */
  readonly [scalar: string]: number | undefined;
}

/** A score of the frozen features, untrained beside trained. */
export interface ReportScore {
  /** What was measured, such as `linear segmentation, online encoder`. */
  readonly title: string;
  /** Such as `mIoU`. */
  readonly metric: string;
  /** In [0, 1]. */
  readonly untrained: number;
  /** In [0, 1]. */
  readonly trained: number;
  /** How and on what, a sentence. */
  readonly detail: string;
  /** The metric of each class; null where a class did not appear. */
  readonly perClass?: readonly {
    readonly name: string;
    readonly untrained: number | null;
    readonly trained: number | null;
  }[];
  /** Of the trained network: `confusion[label][prediction]`, counts. */
  readonly confusion?: readonly (readonly number[])[];
}

/** Everything that a report shows; all of it can be read from a run folder. */
export interface ReportData {
  readonly title: string;
  /** The run's settings. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly status: {
    readonly state: 'running' | 'finished' | 'stopped';
    /** Steps done. */
    readonly step: number;
    readonly totalSteps: number;
    /** When this was written, ISO 8601. */
    readonly updated: string;
    /** Keys that each queue holds when full; 0 without a queue. */
    readonly queueLength: number;
  };
  readonly metrics: readonly ReportMetrics[];
  readonly scores: readonly ReportScore[];
  readonly pairs: readonly InspectedPair[];
  /** In order of their steps. */
  readonly snapshots: readonly Snapshot[];
}
