import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { useTemporaryFolder } from '../../test/temporary-folder.ts';
import { installTensorflow } from './install-tensorflow.ts';

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
});
