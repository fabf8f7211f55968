import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runInChild } from '../../test/run-in-child.ts';
import { die, standIn, withOneDnn } from '../../test/stand-in.ts';
import { useTemporaryFolder } from '../../test/temporary-folder.ts';
import { findTensorflow } from '../find-tensorflow.ts';

const folder = useTemporaryFolder();
afterEach(() => {
  vi.unstubAllEnvs();
});

/** A home without a TensorFlow, whatever the tests around this one have. */
const environment = () => ({ PIXCON_HOME: join(folder.path, 'home'), CUDA_VISIBLE_DEVICES: '' });

describe('the first start on a processor', () => {
  it('passes a library over that dies, and says of what', async () => {
    standIn(folder, die('SIGFPE'));
    const script = `
      const started = await backend.startBackend();
      const available = await backend.isBackendAvailable('tensorflow');
      const { code, message } = await backend.startBackend('tensorflow').catch((error) => error);
      console.log(JSON.stringify({ line: backend.explainBackend(started), name: started.name, available, code, message }));`;
    vi.stubEnv('TF_ENABLE_ONEDNN_OPTS', undefined);
    const child = await runInChild(script, folder.path, environment());
    expect(child.status, child.errors).toBe(0);
    const { line, name, available, code, message } = JSON.parse(child.output);
    expect(name).toBe('wasm');
    const reason =
      'its trial on this processor \\(.+\\) ended by SIGFPE in its start, without oneDNN by SIGFPE in its start';
    expect(line).toMatch(new RegExp(`; tensorflow: ${reason}`));
    expect(available).toBe(false);
    expect(code).toBe('backend-unavailable');
    expect(message).toMatch(
      new RegExp(
        `^startBackend: the 'tensorflow' backend cannot start \\(${reason}\\); to use it, set PIXCON_TRIAL=0`,
      ),
    );
  });

  const real = findTensorflow().then(([first]) => first);

  it('tries every operation, and leaves oneDNN out where that dies', async ({ skip }) => {
    const installation = await real;
    if (installation === undefined || installation.gpu) return skip('TensorFlow is not installed');
    const load = `module.exports = require(${JSON.stringify(installation.directory)});`;
    standIn(folder, withOneDnn(die('SIGFPE')) + load);
    const script = `
      const { description } = await backend.startBackend('tensorflow');
      const image = tf.ones([1, 9, 9, 64]);
      const product = (await tf.sum(tf.conv2d(image, tf.ones([3, 3, 64, 64]), 1, 'valid')).data())[0];
      console.log(JSON.stringify({ description, product }));`;
    vi.stubEnv('TF_ENABLE_ONEDNN_OPTS', undefined);
    const child = await runInChild(script, folder.path, { ...environment(), ONEDNN_VERBOSE: '1' });
    expect(child.status, child.errors).toBe(0);
    // A line for each of oneDNN's operations: Eigen's convolutions still multiply by its kernel for matrices.
    expect(child.output).not.toMatch(/^onednn_verbose,.*,convolution,/m);
    const { description, product } = JSON.parse(child.output.trim().split('\n').at(-1) as string);
    expect(product).toBe(49 * 64 * 9 * 64);
    const threads = availableParallelism();
    expect(description).toMatch(
      new RegExp(
        `^TensorFlow \\d+\\.\\d+ CPU, ${threads} threads?, without oneDNN: its trial on this processor \\(.+\\) ended by SIGFPE in its start$`,
      ),
    );
  });
});
