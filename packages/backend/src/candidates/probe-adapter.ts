import type { ExecFileException } from 'node:child_process';
import { importNode } from '../node-modules.ts';
import type { AdapterInfo } from './adapter.ts';

export interface ProbedAdapter {
  readonly info?: AdapterInfo | undefined;
  /** How the process that asked was ended, where it was: `by SIGSEGV`. */
  readonly ended?: string;
}

/**
 * Asks Dawn for its adapter in a child process: a Dawn instance keeps its process alive, and a bad driver can end
 * it, neither of which may happen to a program that only asks.
 *
 * @param directory the folder of the npm package `webgpu`
 */
export async function probeAdapterInChild(directory: string): Promise<ProbedAdapter> {
  const { execFile } = await importNode('node:child_process');
  const script = `
    const { createRequire } = require('node:module');
    const { pathToFileURL } = require('node:url');
    const directory = process.argv[1];
    (async () => {
      const entry = createRequire(directory + '/package.json').resolve(directory);
      const { create } = await import(pathToFileURL(entry).href);
      const adapter = await create([]).requestAdapter({ powerPreference: 'high-performance' });
      const { vendor, architecture, description, isFallbackAdapter } = adapter.info;
      console.log(JSON.stringify({ vendor, architecture, description, isFallbackAdapter }));
      process.exit(0);
    })().catch(() => process.exit(1));`;
  return new Promise((resolve) => {
    const options = { timeout: 30_000, windowsHide: true };
    const receive = (error: ExecFileException | null, output: string) => {
      const line = output.trim().split('\n').at(-1);
      if (error?.signal) resolve({ ended: `by ${error.signal}` });
      else resolve(error || !line ? {} : { info: JSON.parse(line) as AdapterInfo });
    };
    try {
      execFile(process.execPath, ['-e', script, directory], options, receive);
    } catch {
      // Node's permission model throws at once.
      resolve({});
    }
  });
}
