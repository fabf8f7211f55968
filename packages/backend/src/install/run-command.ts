import { spawn } from 'node:child_process';
import { PixconError } from '@pixcon/core';
import type { Command } from './commands.ts';

export interface RunOptions {
  readonly directory: string;
  /** Added to this process's environment; `undefined` removes. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Runs a program to its end and returns what it printed.
 *
 * @param step what is being done, for the message
 * @throws PixconError `backend-unavailable` with the last lines that it printed, when it fails
 */
export function runCommand(step: string, command: Command, options: RunOptions): Promise<string> {
  const { directory, environment = {} } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command.program, command.arguments, {
      cwd: directory,
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let everything = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      everything += chunk;
    });
    child.stderr.on('data', (chunk) => {
      everything += chunk;
    });
    child.on('error', (error) => reject(failure(step, error.message)));
    child.on('close', (status, signal) => {
      if (status === 0) resolve(output);
      else reject(failure(step, `${signal ?? `exit status ${status}`}\n${lastLines(everything)}`));
    });
  });
}

function failure(step: string, detail: string): PixconError {
  return new PixconError('backend-unavailable', `installTensorflow: ${step} failed: ${detail}`);
}

function lastLines(text: string): string {
  return text.trimEnd().split('\n').slice(-12).join('\n');
}
