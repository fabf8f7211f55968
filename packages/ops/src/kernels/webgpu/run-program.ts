import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import type { GpuBuffer, GpuDevice, WebgpuBackend } from './backend.ts';
import { BindGroups, reuseInOrder } from './bind-groups.ts';
import { allocateHalf, bytesOf } from './half-tensors.ts';
import { assertFitsBuffer, gridOf } from './limits.ts';
import { neverCache } from './never-cache.ts';
import type { DispatchCost, InPlace, NewOutput, WebgpuProgram } from './program.ts';
import {
  type Binding,
  bindingsOf,
  isHalfOutput,
  programKey,
  shaderSource,
  tensorOf,
} from './shader-source.ts';
import { announceDispatch } from './watch-dispatches.ts';

/** `GPUShaderStage.COMPUTE`, and of `GPUBufferUsage`: `COPY_DST | UNIFORM`. */
const computeStage = 4;
const uniformUsage = 8 | 64;

/** Sets of integers that change without end, such as a position, must not fill the device with buffers. */
const mostCachedUniforms = 2048;

interface Pipeline {
  readonly pipeline: object;
  readonly layout: object;
}

interface DeviceCache {
  readonly pipelines: Map<string, Pipeline>;
  readonly uniforms: Map<string, GpuBuffer>;
  /** Keys of uniforms that had no buffer of their own yet. */
  readonly seen: Set<string>;
  readonly groups: BindGroups;
}

const caches = new WeakMap<GpuDevice, DeviceCache>();

/**
 * Queues a compute shader on the device of the running WebGPU backend, in the same command buffer as the kernels
 * of tfjs, and returns its new outputs as tensors that the caller owns (the tidy around it does).
 *
 * The runner declares inputs, outputs and uniforms in WGSL under the names they have in `program`, caches the
 * pipeline by name, variant and element types, and checks sizes against the device before anything is made. An
 * output with `inPlace` is written where it is and comes back as it went in. Nothing waits and nothing is read
 * back. The shader must write every element of a new output: its buffer has been used before. Where an input is empty,
 * nothing runs and new outputs are 0.
 *
 * @throws PixconError `invalid-argument` where a tensor or the dispatch is larger than the device takes, or an
 * output in place is an input too
 *
 * @example
 * const { y } = runWebgpuProgram({
 *   name: 'scale',
 *   inputs: { x: vectors(x, true) },
 *   outputs: { y: { shape: x.shape, vector: true } },
 *   integers: { size: x.size / 4 },
 *   floats: { factor: 2 },
 *   workgroups: Math.ceil(x.size / 4 / 64),
 *   shader: () => ({ body: 'if (index < uniforms.size) { y[index] = uniforms.factor * x[index]; }' }),
 * });
 */
export function runWebgpuProgram<Output extends string>(
  program: WebgpuProgram<Output>,
): Record<Output, tf.Tensor> {
  const backend = tf.backend() as unknown as WebgpuBackend;
  const { device } = backend;
  reuseInOrder(backend);
  const outputs = Object.entries<NewOutput | InPlace>(program.outputs);
  const copies: tf.Tensor[] = [];
  const inputs = Object.entries(program.inputs).map(
    ([name, input]) => [name, inItsType(backend, tensorOf(input), copies)] as const,
  );
  const grid = check(device, program, inputs);
  const read = inputs.map(([, tensor]) => tensor);
  // No buffer is empty, so nothing without elements can be bound: what is made of it is 0.
  const empty = read.some(({ shape }) => sizeOf(shape) === 0);
  const results = outputs.map(([name, output]) => {
    if ('inPlace' in output) return [name, output.inPlace] as const;
    return [name, empty ? tf.zeros([...output.shape], output.dtype) : allocate(backend, output)] as const;
  });
  const written = results.map(([, tensor]) => tensor);
  if (!empty && grid.every((count) => count > 0) && written.every(({ shape }) => sizeOf(shape) > 0)) {
    neverCache(
      backend,
      outputs.flatMap(([, output]) => ('inPlace' in output ? [output.inPlace.dataId] : [])),
    );
    const buffers = [...read, ...written].map(({ dataId }) => {
      const { resource } = backend.tensorMap.get(dataId);
      if (resource) return resource;
      backend.uploadToGPU(dataId);
      return backend.tensorMap.get(dataId).resource as GpuBuffer;
    });
    // What a download has left on the host is out of date now.
    for (const { dataId } of written) backend.tensorMap.get(dataId).values = null;
    const bindings = bindingsOf(program);
    queue(backend, program.name, pipelineOf(device, program, bindings), grid, [
      ...buffers,
      ...uniformsOf(backend, program),
    ]);
    for (const { dataId } of [...read, ...written]) backend.commandQueueOwnedIds.add(dataId);
    submitIfFull(backend, program.name);
    announceDispatch(() => ({
      name: program.name,
      inputs: read,
      outputs: written,
      workgroups: grid,
      ...costOf([...read, ...written], program.cost),
    }));
  }
  tf.dispose(copies);
  return Object.fromEntries(results) as Record<Output, tf.Tensor>;
}

/** tfjs casts integers and booleans to float32 by the label alone: their memory still holds integers. */
function inItsType(backend: WebgpuBackend, tensor: tf.TensorInfo, copies: tf.Tensor[]): tf.TensorInfo {
  if (tensor.dtype !== 'float32' || backend.tensorMap.get(tensor.dataId).dtype === 'float32') return tensor;
  const one = tf.scalar(1);
  const copy = tf.engine().runKernel<tf.Tensor>('Multiply', { a: tensor as tf.Tensor, b: one });
  one.dispose();
  copies.push(copy);
  return copy;
}

function check(
  device: GpuDevice,
  program: WebgpuProgram,
  inputs: readonly (readonly [string, tf.TensorInfo])[],
): readonly [number, number, number] {
  const { name: operation } = program;
  for (const [name, input] of inputs) assertFitsBuffer(device, operation, name, input.shape, bytesOf(input));
  for (const [name, output] of Object.entries<NewOutput | InPlace>(program.outputs)) {
    if ('inPlace' in output) {
      assertFitsBuffer(device, operation, name, output.inPlace.shape, bytesOf(output.inPlace));
    } else {
      const { shape } = output;
      assertFitsBuffer(device, operation, name, shape, (isHalfOutput(output) ? 2 : 4) * sizeOf(shape));
    }
    if (!('inPlace' in output)) continue;
    const same = inputs.find(([, input]) => input.dataId === output.inPlace.dataId);
    if (same === undefined) continue;
    throw new PixconError(
      'invalid-argument',
      `${operation}: ${name} is written in place, so ${same[0]} must not share its memory: pass a copy`,
    );
  }
  return gridOf(device, operation, program.workgroups);
}

function allocate(backend: WebgpuBackend, output: NewOutput): tf.Tensor {
  const { shape, dtype = 'float32' } = output;
  if (isHalfOutput(output)) return allocateHalf(backend, shape);
  const empty = sizeOf(shape) === 0;
  // An empty tensor has no buffer, but it can be read.
  const values = empty ? (dtype === 'float32' ? new Float32Array(0) : new Int32Array(0)) : undefined;
  return tf.engine().makeTensorFromTensorInfo(backend.makeTensorInfo([...shape], dtype, values));
}

function cacheOf(device: GpuDevice): DeviceCache {
  let cache = caches.get(device);
  if (!cache) {
    cache = { pipelines: new Map(), uniforms: new Map(), seen: new Set(), groups: new BindGroups(device) };
    caches.set(device, cache);
  }
  return cache;
}

function pipelineOf(device: GpuDevice, program: WebgpuProgram, bindings: readonly Binding[]): Pipeline {
  const { pipelines } = cacheOf(device);
  const key = programKey(program, bindings);
  let entry = pipelines.get(key);
  if (entry) return entry;
  const entries: object[] = bindings.map(({ writable }, binding) => ({
    binding,
    visibility: computeStage,
    buffer: { type: writable ? 'storage' : 'read-only-storage' },
  }));
  if (hasUniforms(program)) {
    entries.push({ binding: bindings.length, visibility: computeStage, buffer: { type: 'uniform' } });
  }
  const layout = device.createBindGroupLayout({ entries });
  const code = shaderSource(program, bindings);
  const pipeline = device.createComputePipeline({
    label: program.name,
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code, label: program.name }), entryPoint: 'main' },
  });
  entry = { pipeline, layout };
  pipelines.set(key, entry);
  return entry;
}

function hasUniforms({ integers = {}, floats = {} }: WebgpuProgram): boolean {
  return Object.keys(integers).length + Object.keys(floats).length > 0;
}

/**
 * Integers are shapes in the main, and many floats are settings, which stay the same from step to step: their buffers are
 * kept, where there are floats from the second time on, since a learning rate is another one at every step.
 */
function uniformsOf(backend: WebgpuBackend, program: WebgpuProgram): GpuBuffer[] {
  if (!hasUniforms(program)) return [];
  const integers = Object.values(program.integers ?? {});
  const floats = Object.values(program.floats ?? {});
  const { uniforms, seen } = cacheOf(backend.device);
  const key = floats.length === 0 ? integers.join() : `${integers.join()};${floats.join()}`;
  const known = uniforms.get(key);
  if (known) return [known];
  const size = 16 * Math.ceil((integers.length + floats.length) / 4);
  const data = new ArrayBuffer(size);
  new Int32Array(data).set(integers);
  new Float32Array(data).set(floats, integers.length);
  const keep = uniforms.size < mostCachedUniforms && (floats.length === 0 || seen.has(key));
  const buffer = keep
    ? backend.device.createBuffer({ size, usage: uniformUsage })
    : backend.bufferManager.acquireBuffer(size, uniformUsage);
  backend.queue.writeBuffer(buffer, 0, data);
  if (keep) {
    uniforms.set(key, buffer);
    return [buffer];
  }
  if (seen.size === mostCachedUniforms) seen.clear();
  seen.add(key);
  backend.uniformPendingDisposal.push(buffer);
  return [buffer];
}

function queue(
  backend: WebgpuBackend,
  name: string,
  { pipeline, layout }: Pipeline,
  grid: readonly [number, number, number],
  buffers: readonly GpuBuffer[],
): void {
  const group = cacheOf(backend.device).groups.get(name, layout, buffers);
  backend.ensureCommandEncoderReady();
  if (isTimed(backend)) backend.endComputePassEncoder();
  backend.computePassEncoder ??= backend.commandEncoder.beginComputePass(passOf(backend));
  const pass = backend.computePassEncoder;
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(...grid);
  backend.dispatchCountInPass++;
}

/** True inside `tf.time` and `tf.profile` on a device with timestamps: each dispatch is a pass of its own then. */
function isTimed(backend: WebgpuBackend): boolean {
  return backend.activeTimers != null && backend.supportTimestampQuery;
}

function passOf(backend: WebgpuBackend): object {
  if (!isTimed(backend)) return {};
  backend.querySet ??= backend.device.createQuerySet({ type: 'timestamp', count: backend.querySetCount });
  return {
    timestampWrites: { querySet: backend.querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
  };
}

/** As tfjs does after each of its dispatches. */
function submitIfFull(backend: WebgpuBackend, name: string): void {
  if (isTimed(backend)) {
    backend.endComputePassEncoder();
    backend.activeTimers?.push({ name, query: backend.getQueryTime() });
  } else if (backend.dispatchCountInPass >= tf.env().getNumber('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE')) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
}

function costOf(bound: readonly tf.TensorInfo[], cost: Partial<DispatchCost> = {}): DispatchCost {
  const all = bound.reduce((bytes, tensor) => bytes + bytesOf(tensor), 0);
  const { flops = 0, necessaryFlops = flops, bytes = all, necessaryBytes = all } = cost;
  return { flops, necessaryFlops, bytes, necessaryBytes };
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, axis) => size * axis, 1);
}
