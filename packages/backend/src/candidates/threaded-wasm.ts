import * as tf from '@tensorflow/tfjs-core';
import { importNode } from '../node-modules.ts';

type Wasm = typeof import('@tensorflow/tfjs-backend-wasm');

/** The start of a thread, of node:worker_threads, as far as it is used here. */
interface Thread {
  on(event: 'error', listener: (error: Error) => void): void;
  onerror?: (error: Error) => void;
  unref(): void;
  terminate(): unknown;
}

/** What Emscripten makes of the configuration that it is given. */
interface ThreadedModule {
  readonly PThread: { readonly unusedWorkers: Thread[]; readonly runningWorkers: Thread[] };
  cwrap(name: string, result: string | null, parameters: string[]): unknown;
  tfjs?: object;
}

interface Configuration extends Partial<ThreadedModule> {
  locateFile(path: string): string | URL;
  readonly mainScriptUrlOrBlob: string;
  instantiateWasm(
    imports: { env: Record<string, unknown> },
    receive: (instance: object, module: object) => void,
  ): object;
}

type Factory = (configuration: Configuration) => Promise<ThreadedModule>;

/** Threads that the module has places for; more could only start while the main thread waits for them. */
const mostThreads = 8;

/** tfjs gives up on none by itself. */
const patience = 30_000;

/** As many threads as run at once here, and as the module has places for. Node only. */
export async function defaultThreads(): Promise<number> {
  const { availableParallelism } = await importNode('node:os');
  return Math.min(availableParallelism(), mostThreads);
}

/**
 * Puts the threaded build of tfjs-backend-wasm, which tfjs keeps to browsers, in the place of the backend that the
 * package has registered. Where anything of it fails, the registered one stays. Node only.
 *
 * tfjs gives its workers their source as a blob, which Node's do not take (tensorflow/tfjs#3830); here it is a data
 * URL. Everything else is what tfjs does in a browser.
 *
 * @param directory of the installed package
 * @param threads 2 or more, the main thread among them
 */
export async function useThreadedWasm(wasm: Wasm, directory: string, threads: number): Promise<void> {
  // Once it runs, it has tensors; other runtimes have other workers.
  if ('wasm' in tf.engine().registry || 'Bun' in globalThis || 'Deno' in globalThis) return;
  try {
    const module = await loadModule(directory, Math.min(threads, mostThreads));
    wasm.setThreadsCount(threads);
    const backend = new wasm.BackendWasm(module as never);
    // So that waiting threads do not keep a process that is done.
    for (const worker of module.PThread.runningWorkers) worker.unref();
    tf.removeBackend('wasm');
    tf.registerBackend('wasm', () => backend, 2);
  } catch {
    wasm.setThreadsCount(-1);
  }
}

async function loadModule(directory: string, threads: number): Promise<ThreadedModule> {
  const [{ createRequire }, { join }, { readFileSync }] = await Promise.all([
    importNode('node:module'),
    importNode('node:path'),
    importNode('node:fs'),
  ]);
  const folder = join(directory, 'wasm-out');
  const script = join(folder, 'tfjs-backend-wasm-threaded-simd.js');
  const require = createRequire(script);
  const factory = require(script) as Factory;
  const worker = join(folder, 'tfjs-backend-wasm-threaded-simd.worker.js');
  const { wasmWorkerContents } = require(worker) as {
    wasmWorkerContents: string;
  };
  const binary = readFileSync(join(folder, 'tfjs-backend-wasm-threaded-simd.wasm'));

  let failed: (error: unknown) => void = () => undefined;
  const failure = new Promise<never>((_, reject) => {
    failed = reject;
  });
  const configuration: Configuration = {
    // The script is for classic workers; a data URL is a module.
    locateFile: (path) => (path.endsWith('.worker.js') ? workerUrl(wasmWorkerContents, script) : path),
    mainScriptUrlOrBlob: script,
    instantiateWasm(imports, receive) {
      // It takes half of them: processors often run two threads on a core.
      imports.env.emscripten_num_logical_cores = () => 2 * threads;
      instantiate(binary, imports)
        .then(({ instance, module }) => {
          const workers = (configuration as ThreadedModule).PThread.unusedWorkers;
          for (const spare of workers.splice(threads - 1)) spare.terminate();
          receive(instance, module);
          // In place of a handler that throws into the event loop.
          for (const worker of workers) worker.onerror = failed;
        })
        .catch(failed);
      return {};
    },
  };
  const ready = leavingGlobalsAlone(() => factory(configuration));
  const workers = [...(configuration as ThreadedModule).PThread.unusedWorkers];
  for (const worker of workers) worker.on('error', failed);
  const timer = setTimeout(() => failed(new Error('the threads did not start')), patience);
  try {
    const module = await Promise.race([ready, failure]);
    // What tfjs's own start adds.
    module.tfjs = {
      init: module.cwrap('init', null, []),
      initWithThreadsCount: module.cwrap('init_with_threads_count', null, ['number']),
      getThreadsCount: module.cwrap('get_threads_count', 'number', []),
      registerTensor: module.cwrap('register_tensor', null, ['number', 'number', 'number']),
      disposeData: module.cwrap('dispose_data', null, ['number']),
      dispose: module.cwrap('dispose', null, []),
    };
    return module;
  } catch (error) {
    for (const worker of workers) worker.terminate();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function workerUrl(contents: string, script: string): URL {
  const preamble =
    "import { createRequire } from 'node:module';" +
    `const require = createRequire(${JSON.stringify(script)}), __filename = '';`;
  // As tfjs does: its text is a template, whose escaped line breaks have become real ones.
  return new URL(`data:text/javascript,${encodeURIComponent(preamble + contents.replace(/\n/g, '\\n'))}`);
}

/** Emscripten sets `Worker` for everyone, and handlers of errors that only throw them again. */
function leavingGlobalsAlone<T>(start: () => T): T {
  const scope = globalThis as { Worker?: unknown };
  const worker = Object.getOwnPropertyDescriptor(scope, 'Worker');
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => process.listeners(event as 'exit'));
  try {
    return start();
  } finally {
    if (worker) Object.defineProperty(scope, 'Worker', worker);
    else delete scope.Worker;
    events.forEach((event, i) => {
      for (const listener of process.listeners(event as 'exit')) {
        if (!before[i]?.includes(listener)) process.removeListener(event, listener);
      }
    });
  }
}

/** TypeScript has the types of WebAssembly for browsers only. */
function instantiate(binary: Uint8Array, imports: object): Promise<{ instance: object; module: object }> {
  const { WebAssembly } = globalThis as unknown as {
    WebAssembly: {
      instantiate(binary: Uint8Array, imports: object): Promise<{ instance: object; module: object }>;
    };
  };
  return WebAssembly.instantiate(binary, imports);
}
