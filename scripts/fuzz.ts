/**
 * Gives damaged and hostile files to every reader, each in turn, and tells what became of them. All is drawn from the
 * seed: a case that went wrong is run again by its name.
 *
 * Usage: npm run fuzz -- [--cases 1000] [--seed N] [--readers png,pth] [--case png:12 [--keep FILE]] [--verbose]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Case, planCases, type ReaderName, readerNames } from './fuzz/plan.ts';
import { type FuzzResult, runFuzz } from './fuzz/run-fuzz.ts';
import { isGood, tallyTable } from './fuzz/tally.ts';

const { values } = parseArgs({
  options: {
    cases: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    readers: { type: 'string', default: readerNames.join(',') },
    case: { type: 'string' },
    keep: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});

function whole(name: 'cases' | 'seed'): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new Error(`--${name}: expected a whole number, got ${values[name]}`);
}

function known(name: string): ReaderName {
  const found = readerNames.find((reader) => reader === name);
  if (found !== undefined) return found;
  throw new Error(`there is no reader ${name}; there are ${readerNames.join(', ')}`);
}

function oneCase(text: string): Case {
  const [, reader, index] = /^(\w+):(\d+)$/.exec(text) ?? [];
  if (reader === undefined) throw new Error(`--case: expected READER:NUMBER, such as png:12, got ${text}`);
  return { reader: known(reader), index: Number(index) };
}

function tell({ reader, index, outcome, message }: FuzzResult, seed: number): void {
  process.stdout.write(
    `${outcome}: ${message}\n  again: npm run fuzz -- --seed ${seed} --case ${reader}:${index}\n`,
  );
}

try {
  const seed = whole('seed');
  const single = values.case === undefined ? undefined : oneCase(values.case);
  const cases = single ? [single] : planCases(values.readers.split(',').map(known), whole('cases'));
  if (single && values.keep !== undefined) {
    const { makeFile, readers } = await import('./fuzz/case.ts');
    const folder = await mkdtemp(join(tmpdir(), 'pixcon-fuzz-'));
    const reader = await readers[single.reader](join(folder, 'in'));
    await writeFile(values.keep, makeFile(reader, single, seed).bytes);
    await rm(folder, { recursive: true, force: true });
  }
  process.stdout.write(`seed ${seed}, ${cases.length} cases\n`);
  const results = await runFuzz(cases, {
    seed,
    onResult: (result, done) => {
      if (single || values.verbose || !isGood(result)) tell(result, seed);
      if (done % 1000 === 0) process.stderr.write(`${done} of ${cases.length}\n`);
    },
  });
  process.stdout.write(`${tallyTable(results)}\n`);
  process.exitCode = results.every(isGood) ? 0 : 1;
} catch (error) {
  process.stderr.write(`fuzz: ${(error as Error).message}\n`);
  process.exitCode = 1;
}
