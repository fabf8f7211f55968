import * as tf from '@tensorflow/tfjs-core';
import type { OperationStart, Recorder } from './recorder.ts';

type Tensors = tf.TensorInfo | readonly (tf.TensorInfo | null | undefined)[] | null | undefined;
type Results = Tensors | Promise<unknown> | object;

interface KernelCall {
  readonly kernelName?: string;
  readonly inputs: Readonly<Record<string, Tensors>>;
  readonly backwardsFunc?: (...given: unknown[]) => Record<string, () => unknown>;
}

/** The methods of engine and backend that everything passes. Private only to their types. */
interface Engine {
  runKernelFunc(call: KernelCall): Results;
  readonly state: { readonly numBytes: number };
}

type Method = (this: unknown, ...given: never[]) => unknown;

/**
 * Records every kernel that runs on the active backend, TensorFlow operations that are run past the engine, uploads
 * and downloads, and, around them, the operations of this project by their function's name. The time of one that
 * works without kernels, as on the WASM backend, is its own.
 *
 * @returns ends the recording
 */
export function recordKernels(recorder: Recorder): () => void {
  const engine = tf.engine() as unknown as Engine;
  const backend = tf.backend() as unknown as Record<string, Method>;
  const finish = (result: unknown) => ({
    bytesWritten: bytesOf(result),
    shapes: shapesOf(result),
    tensorBytes: engine.state.numBytes,
  });
  const record = <T>(start: OperationStart, work: () => T): T => recorder.operation(start, work, finish);
  const undo: (() => void)[] = [];

  undo.push(
    replace(engine as unknown as Record<string, Method>, 'runKernelFunc', (run) => (call: KernelCall) => {
      if (!recorder.recording) return run(call);
      const { kernelName, inputs, backwardsFunc } = call;
      const given = Object.values(inputs).flat();
      const start = { shapes: shapesOf(given), bytesRead: bytesOf(given) };
      if (kernelName !== undefined)
        return record({ ...start, name: kernelName, opaque: true }, () => run(call));
      const name = operationName();
      return record({ ...start, bytesRead: 0, name, opaque: false }, () =>
        run(
          backwardsFunc
            ? { ...call, backwardsFunc: watchGradients(`${name} gradient`, backwardsFunc) }
            : call,
        ),
      );
    }),
  );

  function watchGradients(name: string, backwardsFunc: NonNullable<KernelCall['backwardsFunc']>) {
    const start = { name, shapes: '', bytesRead: 0, opaque: false };
    return (...given: unknown[]) => {
      const gradients = record(start, () => backwardsFunc(...given));
      return Object.fromEntries(
        Object.entries(gradients).map(([input, gradient]) => [input, () => record(start, gradient)]),
      );
    };
  }

  for (const method of ['executeSingleOutput', 'executeMultipleOutputs']) {
    undo.push(
      replace(
        backend,
        method,
        (run) =>
          (name: string, attributes: unknown, inputs: Tensors[], ...rest: unknown[]) =>
            record({ name, shapes: shapesOf(inputs), bytesRead: bytesOf(inputs), opaque: true }, () =>
              run(name, attributes, inputs, ...rest),
            ),
      ),
    );
  }
  undo.push(
    replace(backend, 'write', (run) => (values: unknown, shape: number[], dtype: tf.DataType) => {
      // Outputs that a kernel has still to fill come without values.
      if (values === null || values === undefined) return run(values, shape, dtype);
      const written = { shape, dtype } as unknown as tf.TensorInfo;
      return record(
        { name: 'upload', shapes: shapesOf(written), bytesRead: bytesOf(written), opaque: true },
        () => run(values, shape, dtype),
      );
    }),
    replace(
      backend,
      'readSync',
      (run) =>
        (...given: unknown[]) =>
          record({ name: 'download', shapes: '', bytesRead: 0, opaque: true }, () => run(...given)),
    ),
  );
  return () => {
    for (const restore of undo.reverse()) restore();
  };
}

/** Puts a method of one object in another's place, until the returned function is called. */
function replace(
  target: Record<string, Method>,
  name: string,
  wrap: (run: (...given: unknown[]) => Results) => (...given: never[]) => unknown,
): () => void {
  const original = target[name];
  if (!original) return () => undefined;
  const own = Object.hasOwn(target, name);
  target[name] = wrap(((...given: never[]) => original.apply(target, given)) as (
    ...given: unknown[]
  ) => Results);
  return () => {
    if (own) target[name] = original;
    else delete target[name];
  };
}

function tensorsOf(value: unknown): tf.TensorInfo[] {
  const isTensor = (entry: unknown): entry is tf.TensorInfo =>
    typeof entry === 'object' && entry !== null && 'shape' in entry && 'dtype' in entry;
  return (Array.isArray(value) ? value : [value]).filter(isTensor);
}

function bytesOf(value: unknown): number {
  let bytes = 0;
  for (const { shape, dtype } of tensorsOf(value)) {
    const each = dtype === 'string' ? 0 : dtype === 'complex64' ? 8 : dtype === 'bool' ? 1 : 4;
    bytes += each * shape.reduce((size, axis) => size * axis, 1);
  }
  return bytes;
}

function shapesOf(value: unknown): string {
  return tensorsOf(value)
    .map(({ shape }) => `[${shape.join(', ')}]`)
    .join(' ');
}

/** What lies between an operation and the engine. */
const between: readonly string[] = ['differentiable', 'customGrad', 'runKernelFunc'];

/** The function that asked for a gradient of its own: `maxPool`. */
function operationName(): string {
  const holder: { stack?: unknown } = {};
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = 10;
    Error.prepareStackTrace = (_error, sites) => sites.map((site) => site.getFunctionName() ?? '');
    Error.captureStackTrace(holder, operationName);
    const names = holder.stack as string[];
    return names.find((name) => /^[a-z]\w*$/i.test(name) && !between.includes(name)) ?? 'custom operation';
  } finally {
    Error.prepareStackTrace = prepareStackTrace as NonNullable<typeof prepareStackTrace>;
    Error.stackTraceLimit = stackTraceLimit;
  }
}
