/** One line of `metrics.jsonl`: the scalars of a step and what they were made under. */
export interface MetricsRecord {
  readonly step: number;
  readonly epoch: number;
  readonly loss: number;
  /** ln(1 + K) weighted as the loss is: what a model that knows nothing reaches. */
  readonly chance?: number;
  readonly learningRate: number;
  readonly targetMomentum: number;
  /** Keys of real images in each queue. */
  readonly queueFilled: number;
  readonly imagesPerSecond: number;
  /** Memory of the process when the record was fetched, where there is one to ask. */
  readonly residentMiB?: number;
  /** Memory of all tensors of tfjs when the record was fetched. */
  readonly tensorMiB?: number;
  readonly [scalar: string]: number | undefined;
}

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
