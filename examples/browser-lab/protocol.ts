import type { EncodedPair, ReportMetrics, Snapshot } from '@pixcon/visualize';
import type { LabSettings } from './settings.ts';

/** Where the images come from. Files never leave the browser. */
export type Source =
  | { readonly kind: 'scenes' }
  | { readonly kind: 'photos'; readonly files: readonly File[] };

export interface OpenRequest {
  readonly type: 'open';
  readonly settings: LabSettings;
  readonly source: Source;
  /** URL prefix of the `.wasm` files. */
  readonly wasmPath: string;
  /** A backbone to start from, the bytes of a safetensors file. */
  readonly backbone?: Uint8Array | undefined;
  /** Go on from the stored checkpoint. */
  readonly resume: boolean;
  /** Start training at once; else show what the network sees, and wait. */
  readonly run: boolean;
}

/** What the page asks of the worker. */
export type Request =
  | OpenRequest
  | { readonly type: 'stored' }
  | { readonly type: 'run' }
  | { readonly type: 'pause' }
  | { readonly type: 'export' };

/** What is known of the stored checkpoint without its tensors. */
export interface StoredRun {
  readonly step: number;
  readonly settings: LabSettings;
  readonly source: Source['kind'];
  readonly images: number;
}

export interface DeviceFacts {
  /** `webgpu`, `wasm` or `cpu`. */
  readonly name: string;
  readonly description: string;
  /** Why WebGPU was passed over, where it was. */
  readonly withoutWebgpu?: string | undefined;
}

export interface Progress {
  /** Steps done. */
  readonly step: number;
  readonly totalSteps: number;
  readonly imagesPerSecond: number;
  readonly secondsLeft: number;
  /** Of all tensors. */
  readonly bytes: number;
  /** On the graphics card, reserved ones included; WebGPU only. */
  readonly deviceBytes?: number | undefined;
  /** The steps since the last message. */
  readonly metrics: readonly ReportMetrics[];
}

/** What the worker tells the page. */
export type Reply =
  | { readonly type: 'stored'; readonly run: StoredRun | undefined }
  | { readonly type: 'device'; readonly device: DeviceFacts }
  | {
      readonly type: 'opened';
      readonly settings: LabSettings;
      readonly step: number;
      readonly images: number;
      /** Trained ones, heads included. */
      readonly parameters: number;
      readonly queueLength: number;
      readonly pairs: readonly EncodedPair[];
      /** Of the checkpoint that this run goes on from. */
      readonly metrics: readonly ReportMetrics[];
    }
  | { readonly type: 'state'; readonly state: 'training' | 'paused' | 'finished' }
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly type: 'saved'; readonly step: number }
  | { readonly type: 'backbone'; readonly bytes: Uint8Array; readonly step: number }
  | { readonly type: 'notice'; readonly topic: 'images' | 'storage'; readonly message: string }
  | {
      readonly type: 'failed';
      readonly reason: 'device lost' | 'error';
      readonly message: string;
      /** The step of the stored checkpoint of this run. */
      readonly saved?: number | undefined;
    };
