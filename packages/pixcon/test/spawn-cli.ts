import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface SpawnCliOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Hears standard error as it comes. */
  readonly onError?: (text: string, child: ChildProcess) => void;
}

/** Runs the command line from source in a process of its own, not on a terminal. */
export function spawnCli(args: readonly string[], options: SpawnCliOptions = {}): Promise<CliResult> {
  const entry = fileURLToPath(new URL('./cli-entry.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@pixcon/source', '--import', 'tsx', entry, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...options.env },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  child.stderr.on('data', (data) => {
    stderr += data;
    options.onError?.(stderr, child);
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, stdout, stderr })));
}
