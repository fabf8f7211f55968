import { spawn } from 'node:child_process';

const root = new URL('../..', import.meta.url).pathname;

/** Runs the built command line, as `npx pixcon` does; what it tells of its progress goes to the terminal. */
export function pixcon(args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [`${root}packages/pixcon/bin/pixcon.js`, ...args], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
      else reject(new Error(`pixcon ${args.join(' ')} ended with exit code ${code}`));
    });
  });
}
