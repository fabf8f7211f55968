import { watchDispatches } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';

/** A shader that was queued on WebGPU: one of ours, or of a stock kernel. */
export interface DispatchRecord {
  readonly name: string;
  readonly phase: string;
  /** Issued, padding of tiles included; unknown, so 0, but for products in stock kernels. */
  readonly flops: number;
  readonly necessaryFlops: number;
  /** That workgroups load and store. */
  readonly bytes: number;
  /** Inputs and results once, without workspace. */
  readonly necessaryBytes: number;
  /** On the device. Absent where it was not measured. */
  readonly seconds?: number;
}

/** The part of tfjs-backend-webgpu that shaders of stock kernels pass, and its clock. Private only to its types. */
interface WebgpuBackend {
  runWebGPUProgram(
    program: { outputShape: number[] },
    inputs: tf.TensorInfo[],
    ...rest: unknown[]
  ): tf.TensorInfo;
  queue: { submit(commands: unknown): void };
  activeTimers: { query: Promise<number> }[] | undefined;
  readonly supportTimestampQuery: boolean;
}

export interface DispatchCounter {
  readonly dispatches: readonly DispatchRecord[];
  /** Bytes of all buffers that the backend has made so far. */
  allocatedBytes(): number;
  /** Forgets what was counted. */
  clear(): void;
  /** Ends counting and waits for the device's clock, if it was asked. */
  stop(): Promise<void>;
}

/**
 * Counts every shader that is queued on the active WebGPU backend while there is a phase.
 *
 * @param phase tells the current one
 * @param how `timed` asks the device's clock about each, which makes each a submission of its own; `dry` submits
 *   nothing, so that results are zeros, and a large step can be counted on a slow adapter; else they run as ever
 */
export function countDispatches(
  phase: () => string | undefined,
  how: 'timed' | 'dry' | 'run',
): DispatchCounter {
  const backend = tf.backend() as unknown as WebgpuBackend;
  const dispatches: DispatchRecord[] = [];
  const timers: number[] = [];
  let current = phase;
  const add = (record: Omit<DispatchRecord, 'phase' | 'seconds'>) => {
    const name = current();
    if (name === undefined) return;
    if (backend.activeTimers) timers.push(backend.activeTimers.length - 1);
    dispatches.push({ ...record, phase: name });
  };
  const unwatch = watchDispatches(({ name, flops, necessaryFlops, bytes, necessaryBytes }) =>
    add({ name, flops, necessaryFlops, bytes, necessaryBytes }),
  );
  const run = backend.runWebGPUProgram;
  const counted: WebgpuBackend['runWebGPUProgram'] = (program, inputs, ...rest) => {
    const output = run.call(backend, program, inputs, ...rest);
    const size = sizeOf(output);
    if (size === 0) return output;
    const name = program.constructor.name.replace(/Program2?$/, '');
    const flops = /MatMul/.test(name) ? productFlops(inputs, output) : 0;
    const bytes = 4 * (size + inputs.reduce((sum, input) => sum + sizeOf(input), 0));
    add({ name: `tfjs ${name}`, flops, necessaryFlops: flops, bytes, necessaryBytes: bytes });
    return output;
  };
  backend.runWebGPUProgram = counted;
  const { queue } = backend;
  if (how === 'dry') backend.queue = silent(queue);
  if (how === 'timed' && backend.supportTimestampQuery) backend.activeTimers = [];
  return {
    dispatches,
    allocatedBytes: () => (tf.memory() as { numBytesAllocatedInGPU?: number }).numBytesAllocatedInGPU ?? 0,
    clear() {
      dispatches.length = 0;
      timers.length = 0;
    },
    async stop() {
      unwatch();
      // Where someone has wrapped it meanwhile, it stays, and counts nothing more.
      if (backend.runWebGPUProgram === counted) backend.runWebGPUProgram = run;
      current = () => undefined;
      backend.queue = queue;
      const { activeTimers } = backend;
      backend.activeTimers = undefined;
      if (!activeTimers) return;
      const milliseconds = await Promise.all(activeTimers.map(({ query }) => query));
      for (const [i, record] of dispatches.entries()) {
        const timer = timers[i] as number;
        dispatches[i] = { ...record, seconds: (milliseconds[timer] ?? 0) / 1e3 };
      }
    },
  };
}

/** A queue that loses what is submitted. */
function silent<Queue extends { submit(commands: unknown): void }>(queue: Queue): Queue {
  return new Proxy(queue, {
    get(target, name) {
      if (name === 'submit') return () => undefined;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Of a product of matrices, in batches: √(m·k · k·n · m·n) is m·k·n, whatever is transposed. */
function productFlops([a, b]: readonly tf.TensorInfo[], product: tf.TensorInfo): number {
  if (!a || !b) return 0;
  const batch = product.shape.slice(0, -2).reduce((size, axis) => size * axis, 1);
  return 2 * Math.sqrt((sizeOf(a) * sizeOf(b) * sizeOf(product)) / batch);
}

function sizeOf({ shape }: tf.TensorInfo): number {
  return shape.reduce((size, axis) => size * axis, 1);
}
