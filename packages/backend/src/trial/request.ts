import type { TensorflowInstallation } from '../find-tensorflow.ts';

/** What a child is to try. */
export type TrialRequest =
  | { readonly backend: 'tensorflow'; readonly installation: TensorflowInstallation }
  | {
      readonly backend: 'webgpu';
      /** On an adapter that computes on the processor, where shaders take seconds: a few kinds of operations only. */
      readonly few: boolean;
    };

/** What a child says beside what it is at: that all is well, that an error was thrown, that the device was lost. */
export const lines = { done: 'done', failed: 'failed', lost: 'lost' } as const;

/** What it is at before WebGPU's matrix units are used for the first time. */
export const matrices = 'the trial of subgroup matrices';
