import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { watchForCode } from './canary.ts';
import { makeFile, readers } from './case.ts';
import { judge, type Outcome } from './outcome.ts';
import type { Case, ReaderName } from './plan.ts';
import type { FuzzFile, Reader } from './reader.ts';

/** What the parent sends: the cases to run, one after the other. */
export interface WorkerOrder {
  readonly cases: readonly Case[];
  readonly seed: number;
  /** A folder of the worker's own. */
  readonly folder: string;
}

/** What the worker tells before a case and after it. */
export type WorkerNews =
  | { readonly type: 'start'; readonly at: number }
  | {
      readonly type: 'end';
      readonly at: number;
      readonly outcome: Outcome;
      readonly message: string;
      readonly milliseconds: number;
    };

const send = (news: WorkerNews) => new Promise<void>((resolve) => process.send?.(news, () => resolve()));

async function work({ cases, seed, folder }: WorkerOrder): Promise<void> {
  const own = join(folder, 'cwd');
  await mkdir(own, { recursive: true });
  process.chdir(own);
  const made = new Map<ReaderName, Reader>();
  for (const name of new Set(cases.map(({ reader }) => reader))) {
    const place = join(folder, name);
    const reader = await readers[name](place);
    made.set(name, reader);
    // Loads all code that reading takes: from then on nothing has to be compiled, and no process started.
    await run(reader, makeFile(reader, { reader: name, index: -1 }, seed), place).catch(() => undefined);
  }
  const executed = watchForCode();
  for (const [at, one] of cases.entries()) {
    const reader = made.get(one.reader) as Reader;
    const file = makeFile(reader, one, seed);
    await send({ type: 'start', at });
    const begun = performance.now();
    let result: { readonly outcome: Outcome; readonly message: string } = { outcome: 'read', message: '' };
    try {
      await run(reader, file, join(folder, one.reader));
    } catch (error) {
      result = judge(error);
    }
    const milliseconds = performance.now() - begun;
    const code = executed();
    if (code !== undefined) result = { outcome: 'executed', message: code };
    await send({ type: 'end', at, ...result, milliseconds });
  }
}

async function run(reader: Reader, { name, bytes }: FuzzFile, place: string): Promise<void> {
  await rm(place, { recursive: true, force: true });
  await mkdir(place, { recursive: true });
  await writeFile(join(place, name), bytes);
  await reader.read(join(place, name));
}

process.once('message', (order: WorkerOrder) => {
  work(order).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`fuzz worker: ${error instanceof Error ? error.stack : String(error)}\n`);
      process.exit(70);
    },
  );
});
