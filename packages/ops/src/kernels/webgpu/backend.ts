import type * as tf from '@tensorflow/tfjs-core';

/** A `GPUBuffer`; the types of WebGPU are an optional package, so what is used of them is written down here. */
export interface GpuBuffer {
  readonly size: number;
  readonly usage: number;
}

interface GpuPass {
  setPipeline(pipeline: object): void;
  setBindGroup(index: number, group: object): void;
  dispatchWorkgroups(x: number, y: number, z: number): void;
}

interface GpuEncoder {
  beginComputePass(descriptor: object): GpuPass;
}

export interface GpuDevice {
  readonly limits: {
    readonly maxStorageBufferBindingSize: number;
    readonly maxBufferSize: number;
    readonly maxComputeWorkgroupsPerDimension: number;
    readonly maxComputeInvocationsPerWorkgroup: number;
    readonly maxComputeWorkgroupStorageSize: number;
    readonly maxStorageBuffersPerShaderStage: number;
  };
  readonly features: ReadonlySet<string>;
  /** Not in every implementation. */
  readonly adapterInfo?: { readonly subgroupMinSize?: number; readonly subgroupMaxSize?: number };
  /** Settles when it can be used no more. */
  readonly lost: Promise<unknown>;
  pushErrorScope(filter: string): void;
  popErrorScope(): Promise<object | null>;
  createShaderModule(descriptor: { code: string; label?: string }): object;
  createBindGroupLayout(descriptor: object): object;
  createPipelineLayout(descriptor: { bindGroupLayouts: readonly object[] }): object;
  createComputePipeline(descriptor: object): object;
  createBindGroup(descriptor: object): object;
  createBuffer(descriptor: { size: number; usage: number }): GpuBuffer;
  createQuerySet(descriptor: object): object;
}

interface TensorData {
  values: unknown;
  readonly dtype: tf.DataType;
  readonly resource?: GpuBuffer | null;
}

/**
 * What our kernels use of tfjs-backend-webgpu's `WebGPUBackend`, some of it private to its types. Structural, as
 * the package is an optional peer that is never imported here.
 */
export interface WebgpuBackend {
  readonly device: GpuDevice;
  readonly queue: {
    writeBuffer(buffer: GpuBuffer, offset: number, data: ArrayBuffer): void;
  };
  readonly bufferManager: {
    acquireBuffer(size: number, usage: number): GpuBuffer;
    releaseBuffer(buffer: GpuBuffer, reuse?: boolean): void;
    /** By `size_usage`. */
    readonly freeBuffers: ReadonlyMap<string, GpuBuffer[]>;
  };
  readonly tensorMap: { get(dataId: object): TensorData };
  readonly uniformPendingDisposal: GpuBuffer[];
  readonly commandEncoder: GpuEncoder;
  /** Replaced at every submission: not to be held. */
  readonly commandQueueOwnedIds: WeakSet<object>;
  computePassEncoder: GpuPass | null;
  dispatchCountInPass: number;
  activeTimers?: { name: string; query: Promise<number> }[] | null;
  readonly supportTimestampQuery: boolean;
  readonly querySetCount: number;
  querySet: object | null;
  makeTensorInfo(shape: number[], dtype: tf.DataType, values?: unknown): tf.TensorInfo;
  uploadToGPU(dataId: object): void;
  convertAndCacheOnCPU(dataId: object, values: unknown): unknown;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  getQueryTime(): Promise<number>;
}
