import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const { resolve } = createRequire(import.meta.url);

export interface ChildResult {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

/**
 * Runs a module in a bare Node process in another folder. `backend` and `tf` are in scope: this package's source
 * and tfjs-core. The process has to end by itself.
 */
export function runInChild(
  script: string,
  directory: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<ChildResult> {
  const source = new URL('../src/index.ts', import.meta.url).href;
  const core = pathToFileURL(resolve('@tensorflow/tfjs-core')).href;
  const preamble = `import * as backend from '${source}'; import * as tf from '${core}';`;
  const flags = ['--import', pathToFileURL(resolve('tsx')).href, '--conditions=@pixcon/source'];
  const child = [...flags, '--input-type=module', '-e', preamble + script];
  const options = { cwd: directory, env: { ...process.env, ...environment }, timeout: 150_000 };
  return new Promise((done) => {
    execFile(process.execPath, child, options, (error, output, errors) => {
      done({ status: error === null ? 0 : Number(error.code ?? 1), output, errors });
    });
  });
}
