import type { BackendName } from '@pixcon/backend';
import type { Precision } from '@pixcon/core';

/** A training step of PixCon-SR on fixed views that are on the device already. */
export interface StepSizes {
  readonly kind: 'step';
  readonly arch: 'resnet10' | 'resnet18' | 'resnet50';
  /** Side of the square views, in pixels. */
  readonly imageSize: number;
  readonly batchSize: number;
  /** Keys in each of the two queues. */
  readonly queueLength: number;
  /** Hidden width of heads and predictors. The peer's is 2048. */
  readonly hidden: number;
  /** Width of the projections. The peer's is 128. */
  readonly dim: number;
  /** Parts that the batch is computed in. Default 1. */
  readonly accumulate?: number;
  /** Whether activations are computed again in the backward pass. Default false. */
  readonly recompute?: boolean;
  /** Of the backbone. Default full. */
  readonly precision?: Precision;
}

/** The dense InfoNCE alone: one query per cell of `batchSize` images, stride 32. */
export interface LossSizes {
  readonly kind: 'loss';
  readonly imageSize: number;
  readonly batchSize: number;
  readonly queueLength: number;
  readonly dim: number;
}

/** From image files to two augmented views on the device. */
export interface DataSizes {
  readonly kind: 'data';
  readonly imageSize: number;
  readonly batchSize: number;
}

export type WorkloadSizes = StepSizes | LossSizes | DataSizes;

/** A row of the table of benchmarks. */
export interface Workload {
  readonly name: string;
  readonly what: string;
  readonly sizes: WorkloadSizes;
  /** Sizes for trying the harness out; their figures mean nothing. */
  readonly quickSizes: WorkloadSizes;
  /** Where it runs unless `--backend` says otherwise. */
  readonly backend: BackendName;
  /** Timed steps by default. */
  readonly steps: number;
  /** Threads of wasm and of the peer unless `--threads` says otherwise; as many as there are cores by default. */
  readonly threads?: number;
}
