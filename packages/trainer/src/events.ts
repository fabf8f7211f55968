import type { ReportMetrics } from '@pixcon/visualize';

/** One line of `metrics.jsonl`: the scalars of a step and what they were made under. */
export type MetricsRecord = ReportMetrics;

/** What `pretrain` tells while it runs. */
export type PretrainEvent =
  | {
      readonly type: 'start';
      readonly step: number;
      readonly totalSteps: number;
      readonly stepsPerEpoch: number;
      readonly epochs: number;
      readonly parameters: number;
      readonly queueLengths: Readonly<Record<string, number>>;
      readonly chance: number | undefined;
    }
  | {
      readonly type: 'step';
      /** Steps done. */
      readonly step: number;
      readonly totalSteps: number;
      readonly epoch: number;
      readonly epochs: number;
      readonly imagesPerSecond: number;
      readonly secondsLeft: number;
      /** Until every row of the queues holds a real key the loss may rise. */
      readonly phase: 'queue is filling' | 'training';
      /** The last fetched record. */
      readonly metrics: MetricsRecord | undefined;
    }
  | { readonly type: 'notice'; readonly message: string }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'checkpoint'; readonly step: number; readonly path: string };
