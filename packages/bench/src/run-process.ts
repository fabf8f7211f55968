import { spawn } from 'node:child_process';
import { PixconError } from '@pixcon/core';

export interface ProcessResult {
  readonly exitCode: number | null;
  /** What killed it, where it did not end by itself. */
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. `undefined` where there is no such program. */
export function runProcess(
  command: string,
  options: readonly string[],
  folder?: string,
): Promise<ProcessResult | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, options, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(folder === undefined ? {} : { cwd: folder }),
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(undefined);
      else reject(error);
    });
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }));
  });
}

/**
 * The last line of a program's output that is a JSON object.
 *
 * @throws ChildFailure when the program failed or printed none, with the signal that killed it or the last line that it
 * wrote to standard error
 */
export function jsonLine<T>(who: string, { exitCode, signal, stdout, stderr }: ProcessResult): T {
  const line = stdout
    .split('\n')
    .filter((text) => text.startsWith('{'))
    .at(-1);
  if (exitCode === 0 && line !== undefined) return JSON.parse(line) as T;
  // Who is killed has not spoken of it, unless by itself.
  const said = signal === null || signal === 'SIGABRT' ? stderr.trim().split('\n').at(-1) : undefined;
  const reason = said ? `: ${said}` : '';
  const end = signal === null ? `ended with exit code ${exitCode}` : `was killed by ${signal}`;
  const problem = exitCode === 0 ? 'printed no result' : end;
  throw new ChildFailure(`${who} ${problem}${reason}`);
}

/** Of a program that measures: one sentence, after which others may still be measured. */
export class ChildFailure extends PixconError {
  constructor(message: string) {
    super('data', message);
  }
}
