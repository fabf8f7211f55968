import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Outcome } from './outcome.ts';
import type { Case } from './plan.ts';
import type { WorkerNews, WorkerOrder } from './worker.ts';

export interface FuzzResult extends Case {
  readonly outcome: Outcome;
  readonly message: string;
  readonly milliseconds: number;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly onResult?: (result: FuzzResult, done: number) => void;
}

/** What a reader may take before it counts as hung, and in resident memory before it counts as blown up. */
const limits = { milliseconds: 10_000, bytes: 2 * 2 ** 30 } as const;

/**
 * Runs the cases in a process of their own, one after the other. One that ends the process, holds it up or fills the
 * memory is told as such, and a new process goes on with the next.
 */
export async function runFuzz(
  cases: readonly Case[],
  { seed, onResult }: FuzzOptions,
): Promise<FuzzResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'pixcon-fuzz-'));
  const results: FuzzResult[] = [];
  try {
    while (results.length < cases.length) {
      const begun = results.length;
      const rest = cases.slice(begun);
      await runWorker({ cases: rest, seed, folder }, (at, outcome) => {
        const result = { ...(rest[at] as Case), ...outcome };
        results.push(result);
        onResult?.(result, results.length);
      });
      if (results.length === begun) throw new Error('the worker ended before its first case');
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return results;
}

type Ended = Omit<FuzzResult, keyof Case>;

/** Until all cases are done or one has ended the process. */
async function runWorker(order: WorkerOrder, onEnd: (at: number, ended: Ended) => void): Promise<void> {
  // Threads that the library starts resolve it again, from the worker's folder.
  const loader = import.meta.resolve('tsx');
  const flags = [
    '--conditions=@pixcon/source',
    '--import',
    loader,
    '--disallow-code-generation-from-strings',
  ];
  const child = fork(fileURLToPath(new URL('./worker.ts', import.meta.url)), [], {
    execArgv: flags,
    // What libraries warn of is no news here; what the worker itself says is.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
  });
  let current: { readonly at: number; readonly since: number } | undefined;
  let verdict: Outcome | undefined;
  child.on('message', (news: WorkerNews) => {
    if (news.type === 'start') current = { at: news.at, since: performance.now() };
    else {
      current = undefined;
      const { at, outcome, message, milliseconds } = news;
      onEnd(at, { outcome, message, milliseconds });
    }
  });
  const watch = setInterval(async () => {
    if (current === undefined) return;
    const isHung = performance.now() - current.since > limits.milliseconds;
    if (!isHung && (await residentBytes(child)) <= limits.bytes) return;
    verdict ??= isHung ? 'hang' : 'memory';
    child.kill('SIGKILL');
  }, 100);
  const how = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    child.send(order);
  });
  clearInterval(watch);
  if (current === undefined) return;
  const { at, since } = current;
  onEnd(at, { outcome: verdict ?? 'crash', message: how, milliseconds: performance.now() - since });
}

/** 0 where the system does not tell. */
async function residentBytes({ pid }: ChildProcess): Promise<number> {
  const pages = (await readFile(`/proc/${pid}/statm`, 'utf8').catch(() => '')).split(' ')[1];
  return 4096 * Number(pages ?? 0);
}
