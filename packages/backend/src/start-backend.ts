import { assertNumber, assertOneOf, PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import type { StartBackendOptions } from './candidates/candidate.ts';
import { candidates } from './candidates/index.ts';
import { type BackendName, backendNames } from './names.ts';

/** A backend that was passed over, and why. */
export interface RejectedBackend {
  readonly name: BackendName;
  readonly reason: string;
}

/** What runs now. */
export interface StartedBackend {
  readonly name: BackendName;
  /** The name under which tfjs knows it: `tf.getBackend()`. */
  readonly tensorflowName: string;
  /** Version, device and threads in words: `TensorFlow 2.21 CPU, 2 threads`. */
  readonly description: string;
  /** The faster ones that `'auto'` tried first; empty for a backend asked for by name. */
  readonly rejected: readonly RejectedBackend[];
}

let latest: { readonly asked: BackendName | 'auto'; readonly started: StartedBackend } | undefined;
let queue: Promise<unknown> | undefined;

/**
 * Starts a backend and makes it the one that every tensor operation runs on.
 *
 * `'auto'` takes the first that starts of: `tensorflow-gpu`, `webgpu` on a hardware adapter, `tensorflow`, `wasm`,
 * `cpu`. A name starts that one or throws; `'webgpu'` by name takes a software adapter too. Calling again with the
 * same name changes nothing, with another name switches (tensors move when they are next used). Calls that
 * overlap run one after the other. When a start fails, the backend from before stays.
 *
 * @param name default `'auto'`
 * @param options `wasmPath`: where a browser finds the `.wasm` files (default: beside the bundle); `threads` of
 *   `wasm` (default under Node: as many as run at once here, 8 at most)
 * @throws PixconError `backend-unavailable` when it cannot start, with what to install; `invalid-argument` for an
 *   unknown name
 * @example
 * const started = await startBackend();
 * console.log(explainBackend(started)); // => 'Backend: tensorflow (TensorFlow 2.21 CPU, 2 threads). …'
 */
export function startBackend(
  name: BackendName | 'auto' = 'auto',
  options: StartBackendOptions = {},
): Promise<StartedBackend> {
  const run = async () => startNow(name, options);
  const result = queue === undefined ? run() : queue.then(run, run);
  queue = result;
  return result;
}

/**
 * True where `startBackend(name)` should succeed: packages, native library, card and adapter are looked for, and
 * nothing is loaded into this process.
 *
 * @throws PixconError `invalid-argument` for an unknown name
 * @example
 * await isBackendAvailable('cpu'); // => true
 */
export async function isBackendAvailable(name: BackendName): Promise<boolean> {
  assertOneOf('isBackendAvailable', 'name', name, backendNames);
  return (await candidates[name].obstacle(true)) === undefined;
}

/**
 * The backends for which {@link isBackendAvailable} holds, fastest first.
 *
 * @example
 * await availableBackends(); // => ['tensorflow', 'wasm', 'cpu']
 */
export async function availableBackends(): Promise<BackendName[]> {
  const available = await Promise.all(backendNames.map(isBackendAvailable));
  return backendNames.filter((_, index) => available[index]);
}

async function startNow(name: BackendName | 'auto', options: StartBackendOptions): Promise<StartedBackend> {
  assertOneOf('startBackend', 'name', name, ['auto', ...backendNames]);
  const { threads = 1 } = options;
  assertNumber('startBackend', 'threads', threads, { minimum: 1, maximum: 8, integer: true });
  if (latest?.asked === name && latest.started.tensorflowName === tf.getBackend()) return latest.started;
  const started = name === 'auto' ? await startBest(options) : await startForced(name, options);
  latest = { asked: name, started };
  return started;
}

async function startForced(name: BackendName, options: StartBackendOptions): Promise<StartedBackend> {
  const outcome = await attempt(name, true, options);
  if ('description' in outcome) return describeStarted(name, outcome.description, []);
  const { reason, remedy, cause } = outcome;
  const advice = remedy === undefined ? '' : `; to use it, ${remedy}`;
  throw new PixconError(
    'backend-unavailable',
    `startBackend: the '${name}' backend cannot start (${reason})${advice}`,
    { cause },
  );
}

async function startBest(options: StartBackendOptions): Promise<StartedBackend> {
  const rejected: RejectedBackend[] = [];
  for (const name of backendNames) {
    const outcome = await attempt(name, false, options);
    if ('description' in outcome) return describeStarted(name, outcome.description, rejected);
    rejected.push({ name, reason: outcome.reason });
  }
  const reasons = rejected.map(({ name, reason }) => `${name}: ${reason}`).join('; ');
  throw new PixconError(
    'backend-unavailable',
    `startBackend: no backend can start (${reasons}); run: npm install @tensorflow/tfjs-backend-wasm`,
  );
}

type Outcome =
  | { readonly description: string }
  | { readonly reason: string; readonly remedy?: string; readonly cause?: unknown };

async function attempt(name: BackendName, forced: boolean, options: StartBackendOptions): Promise<Outcome> {
  const candidate = candidates[name];
  const obstacle = await candidate.obstacle(forced);
  if (obstacle !== undefined) return obstacle;
  const before = tf.engine().backendName;
  try {
    return { description: await candidate.start(options) };
  } catch (cause) {
    // tfjs names a backend the active one before it has tried it.
    if (before && tf.engine().backendName !== before) await tf.setBackend(before);
    return { reason: firstLine(cause), cause };
  }
}

function describeStarted(
  name: BackendName,
  description: string,
  rejected: readonly RejectedBackend[],
): StartedBackend {
  return { name, tensorflowName: tf.getBackend(), description, rejected };
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n')[0] ?? 'unknown error';
}
