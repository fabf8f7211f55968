import { importNode } from '../node-modules.ts';
import { pixconHome } from '../pixcon-home.ts';
import type { TrialResult } from './run-trial.ts';

/** All that a result depends on, as text. */
export type TrialKey = Readonly<Record<string, string>>;

const known = new Map<string, Promise<TrialResult | undefined>>();

/**
 * The result of a trial that was held before with the same key, by this process or, in pixcon's own folder, another
 * one; else that of `hold`, which is kept there. A folder that cannot be read or written costs a trial more.
 *
 * @param again hold it whatever is known
 */
export function verdict(
  key: TrialKey,
  hold: () => Promise<TrialResult | undefined>,
  again = false,
): Promise<TrialResult | undefined> {
  const text = JSON.stringify(key);
  const before = again ? undefined : known.get(text);
  if (before !== undefined) return before;
  const result = look(key, text, hold, again);
  known.set(text, result);
  return result;
}

async function look(
  key: TrialKey,
  text: string,
  hold: () => Promise<TrialResult | undefined>,
  again: boolean,
): Promise<TrialResult | undefined> {
  const file = await fileOf(text);
  const kept = again ? undefined : await read(file, text);
  if (kept) return kept;
  const result = await hold();
  if (result && !(result.died && !result.lasting)) await write(file, key, result);
  return result;
}

async function fileOf(text: string): Promise<string> {
  const [{ createHash }, { join }] = await Promise.all([importNode('node:crypto'), importNode('node:path')]);
  const name = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return join(await pixconHome(), 'trials', `${name}.json`);
}

async function read(file: string, text: string): Promise<TrialResult | undefined> {
  const { readFileSync } = await importNode('node:fs');
  try {
    const { key, result } = JSON.parse(readFileSync(file, 'utf8')) as { key: TrialKey; result: TrialResult };
    const whole =
      result.died === false || (typeof result.how === 'string' && typeof result.during === 'string');
    return whole && JSON.stringify(key) === text ? result : undefined;
  } catch {
    return undefined;
  }
}

/** By a rename, so that no reader sees half of it. */
async function write(file: string, key: TrialKey, result: TrialResult): Promise<void> {
  const [{ mkdirSync, renameSync, rmSync, writeFileSync }, { dirname }] = await Promise.all([
    importNode('node:fs'),
    importNode('node:path'),
  ]);
  const partial = `${file}.${process.pid}.partial`;
  try {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(partial, `${JSON.stringify({ key, result }, undefined, 2)}\n`);
    renameSync(partial, file);
  } catch {
    try {
      rmSync(partial, { force: true });
    } catch {
      // Where nothing can be written there is nothing to clear.
    }
  }
}
