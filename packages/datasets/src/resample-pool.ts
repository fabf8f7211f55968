import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { resampleKernel } from './resample/resample-kernel.ts';

/** A crop to resize; its buffer is handed over. */
export interface ResampleJob {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  readonly size: number;
  readonly flipped: boolean;
}

interface Pending {
  readonly resolve: (data: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
}

const maximumThreads = 8;
const threads: Thread[] = [];
let lastId = 0;

/**
 * Resizes a crop on one of a few threads, which start on first use. They keep the process alive only while they
 * work.
 */
export function resampleOnThread(job: ResampleJob): Promise<Uint8Array> {
  const thread = leastBusy();
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    thread.pending.set(id, { resolve, reject });
    thread.worker.ref();
    thread.worker.postMessage({ id, ...job }, [job.data.buffer]);
  });
}

function leastBusy(): Thread {
  const idle = threads.find(({ pending }) => pending.size === 0);
  if (idle) return idle;
  if (threads.length < Math.min(maximumThreads, Math.max(1, availableParallelism() - 1)))
    return startThread();
  return threads.reduce((best, thread) => (thread.pending.size < best.pending.size ? thread : best));
}

function startThread(): Thread {
  const worker = new Worker(new URL('./resample-worker.js', import.meta.url), {
    workerData: Buffer.from(resampleKernel, 'base64'),
  });
  const thread: Thread = { worker, pending: new Map() };
  worker.on('message', ({ id, data }: { id: number; data: Uint8Array }) => {
    thread.pending.get(id)?.resolve(data);
    thread.pending.delete(id);
    if (thread.pending.size === 0) worker.unref();
  });
  const fail = (error: Error) => {
    const at = threads.indexOf(thread);
    if (at >= 0) threads.splice(at, 1);
    for (const { reject } of thread.pending.values()) reject(error);
    thread.pending.clear();
  };
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`the resizing thread ended with exit code ${code}`)));
  threads.push(thread);
  return thread;
}
