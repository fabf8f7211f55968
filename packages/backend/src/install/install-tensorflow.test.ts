import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { die, standIn, withOneDnn } from '../../test/stand-in.ts';
import { useTemporaryFolder } from '../../test/temporary-folder.ts';
import { tryTensorflow } from '../trial/try-tensorflow.ts';
import { installTensorflow } from './install-tensorflow.ts';

vi.mock('../trial/try-tensorflow.ts', async (original) => ({
  ...(await original<object>()),
  tryTensorflow: vi.fn(),
}));

const folder = useTemporaryFolder();
afterEach(() => {
  vi.unstubAllEnvs();
});

describe.runIf(process.platform === 'linux')('installTensorflow', () => {
  it('stops before any download where a tool is missing, and leaves nothing behind', async () => {
    vi.stubEnv('PATH', folder.path);
    const lines: string[] = [];
    const directory = join(folder.path, 'home', 'tensorflow');
    await expect(
      installTensorflow({ directory, gpu: false, log: (line) => lines.push(line) }),
    ).rejects.toThrow(
      /^installTensorflow: python3, pip, make, g\+\+, npm are needed .* apt-get install -y python3 python3-pip make g\+\+ npm$/,
    );
    expect(lines).toEqual([]);
    expect(readdirSync(join(folder.path, 'home'))).toEqual([]);
  });

  it('keeps the old folder when a step fails', async () => {
    const old = folder.put('home/tensorflow/old');
    const failing = folder.put('bin/python', '#!/bin/sh\ntest "$3" != download\n');
    chmodSync(failing, 0o755);
    // An npm that does nothing keeps the test from the network.
    chmodSync(folder.put('bin/npm', '#!/bin/sh\nexit 0\n'), 0o755);
    vi.stubEnv('PATH', `${join(folder.path, 'bin')}:${process.env.PATH}`);
    const directory = join(folder.path, 'home', 'tensorflow');
    await expect(
      installTensorflow({ directory, gpu: false, python: failing, log: () => undefined }),
    ).rejects.toThrow(/installTensorflow: /);
    expect(existsSync(old)).toBe(true);
    expect(readdirSync(join(folder.path, 'home'))).toEqual(['tensorflow']);
  });

  // What a test of an installation asks of it.
  const working = `module.exports = {
    tensor2d: () => 0,
    matMul: () => ({ dataSync: () => [7, 10, 15, 22] }),
    getBackend: () => 'tensorflow',
    backend: () => ({ binding: { TF_Version: '2.21.0' }, isUsingGpuDevice: false }),
  };`;

  it('holds a trial of what is there, again, and tells how it may be used', async () => {
    const installation = standIn(folder, withOneDnn(die('SIGFPE')) + working);
    const remark = 'without oneDNN: its trial on this processor (any) ended by SIGFPE in its start';
    vi.mocked(tryTensorflow).mockResolvedValue({ settings: { TF_ENABLE_ONEDNN_OPTS: '0' }, remark });
    const lines: string[] = [];
    const options = { directory: folder.path, gpu: false, log: (line: string) => lines.push(line) };
    expect(await installTensorflow(options)).toMatchObject({ built: false, version: '2.21.0', remark });
    expect(tryTensorflow).toHaveBeenCalledWith({ ...installation, source: 'pixcon' }, { again: true });
    expect(lines.slice(-3)).toEqual([
      `TensorFlow 2.21.0 is already in ${folder.path}`,
      'Trying what a training step computes',
      `TensorFlow 2.21.0 runs here ${remark}`,
    ]);
  });

  it('fails where processes die of it', async () => {
    standIn(folder, working);
    const reason = 'its trial on this processor (any) ended by SIGFPE in its start';
    vi.mocked(tryTensorflow).mockResolvedValue({ obstacle: { reason, remedy: 'set PIXCON_TRIAL=0' } });
    const options = { directory: folder.path, gpu: false, log: () => undefined };
    await expect(installTensorflow(options)).rejects.toThrow(
      `installTensorflow: TensorFlow 2.21.0 is in ${folder.path}, but ${reason}, so startBackend passes it over; to use it, set PIXCON_TRIAL=0`,
    );
  });
});
