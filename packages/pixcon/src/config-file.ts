import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PixconError } from '@pixcon/core';

/** The settings that a run folder was begun with, where it has begun. */
export function ownConfig(out: string): string | undefined {
  const path = join(out, 'config.json');
  return existsSync(path) ? path : undefined;
}

/** @throws PixconError `invalid-argument` when it cannot be read or holds no JSON object */
export async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw refuse(`cannot read ${path}: ${cause.message}`, cause);
  });
  let value: unknown;
  try {
    // Editors on Windows put a byte-order mark first.
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    // The message quotes the text, line ends and all.
    throw refuse(`${path} is not valid JSON: ${(cause as Error).message.replace(/\s+/g, ' ')}`, cause);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw refuse(`expected an object of settings in ${path}, got ${JSON.stringify(value).slice(0, 40)}`);
}

function refuse(problem: string, cause?: unknown): PixconError {
  return new PixconError('invalid-argument', problem, cause === undefined ? {} : { cause });
}
