import { join } from 'node:path';
import { oneDnn } from '../trial/try-tensorflow.ts';
import { runCommand } from './run-command.ts';

/** What an installation says of itself. */
export interface SmokeTest {
  /** `2.21.0` */
  readonly version: string;
  /** A card was found and is used. */
  readonly usesGpu: boolean;
}

/**
 * Loads the installation under `root` in a process of its own and multiplies two matrices; where that fails, without
 * oneDNN, which may be what does not know the processor.
 *
 * @throws PixconError `backend-unavailable` when that does not give the right product
 */
export async function smokeTest(root: string): Promise<SmokeTest> {
  try {
    return await multiply(root, {});
  } catch (error) {
    if (process.env[oneDnn.variable] !== undefined) throw error;
    return await multiply(root, { [oneDnn.variable]: '0' }).catch(() => {
      throw error;
    });
  }
}

async function multiply(root: string, settings: Readonly<Record<string, string>>): Promise<SmokeTest> {
  const script = `
    const util = require('node:util');
    util.isNullOrUndefined ??= (value) => value == null;
    const tf = require(process.argv[1]);
    const a = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    const product = [...tf.matMul(a, a).dataSync()].join();
    if (tf.getBackend() !== 'tensorflow' || product !== '7,10,15,22') throw new Error('wrong product ' + product);
    const backend = tf.backend();
    console.log(JSON.stringify({ version: backend.binding.TF_Version, usesGpu: backend.isUsingGpuDevice }));`;
  const directory = join(root, 'node_modules', '@tensorflow', 'tfjs-node');
  const output = await runCommand(
    'the test of the new installation',
    { program: process.execPath, arguments: ['-e', script, directory] },
    { directory: root, environment: { TF_CPP_MIN_LOG_LEVEL: '2', NODE_OPTIONS: undefined, ...settings } },
  );
  return JSON.parse(output.trim().split('\n').at(-1) ?? '') as SmokeTest;
}
