import type { ReportMetrics } from '@pixcon/visualize';

/** One line of `metrics.jsonl`: the scalars of a step, counted from 1, and what they were made under. */
export type MetricsRecord = ReportMetrics;

/** What `pretrain` tells while it runs. */
export type PretrainEvent =
  | {
      readonly type: 'start';
      /** Steps done before: 0, or those of the checkpoint that the run goes on from. */
      readonly step: number;
      readonly totalSteps: number;
      readonly stepsPerEpoch: number;
      readonly epochs: number;
      readonly parameters: number;
      readonly queueLengths: Readonly<Record<string, number>>;
      /** Of the whole loss. */
      readonly chance: number | undefined;
      /** Of each term that has a chance level, by name. */
      readonly chanceTerms: Readonly<Record<string, number>>;
    }
  | {
      readonly type: 'step';
      /** Steps done: this one's number, counted from 1. */
      readonly step: number;
      readonly totalSteps: number;
      /** Whole epochs done before this step. */
      readonly epoch: number;
      readonly epochs: number;
      readonly imagesPerSecond: number;
      readonly secondsLeft: number;
      /** Until every row of the queues holds a real key the loss may rise. */
      readonly phase: 'queue is filling' | 'training';
      /**
       * The scalars of this very step, where they were fetched: of a call's first step, of every `logEverySteps`-th, and
       * of the run's last. Those of the steps between are in `metrics.jsonl`.
       */
      readonly metrics: MetricsRecord | undefined;
    }
  | { readonly type: 'notice'; readonly message: string }
  | { readonly type: 'warning'; readonly message: string }
  | { readonly type: 'checkpoint'; readonly step: number; readonly path: string };
