import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { filesUnder, useTemporaryFolder } from '../../test/temporary-folder.ts';
import { nativeKernelSources, nativeKernelsPath } from '../native-kernels.ts';
import { installNativeKernels } from './native-kernels.ts';

const folder = useTemporaryFolder();
const package_ = 'home/node_modules/@tensorflow/tfjs-node';
const library = `${package_}/deps/lib/libtensorflow_framework.so.2`;

let lines: string[];
const installed = async () => {
  lines = [];
  await installNativeKernels(join(folder.path, 'home'), (line) => lines.push(line));
  return filesUnder(join(folder.path, 'home')).map((path) => path.split('/').at(-1));
};

/** Stands in for g++: notes its arguments, and writes a module of Node instead of a library. */
function compiler(module: string): void {
  const script = `#!/bin/sh
echo "$@" > ${join(folder.path, 'arguments')}
while [ "$1" != -o ]; do shift; done
echo "${module}" > "$2"
`;
  chmodSync(folder.put('bin/g++', script), 0o755);
  vi.stubEnv('PATH', `${join(folder.path, 'bin')}:${process.env.PATH}`);
}

describe.runIf(process.platform === 'linux')('installNativeKernels', () => {
  beforeEach(() => {
    folder.put(library);
    folder.put(`${package_}/index.js`, 'module.exports = {};');
    folder.put(`${package_}/package.json`, '{}');
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('leaves an installation as it was where there is no compiler', async () => {
    vi.stubEnv('PATH', folder.path);
    expect(await installed()).toEqual(['libtensorflow_framework.so.2', 'index.js', 'package.json']);
    expect(lines.join('\n')).toMatch(
      /stays without the kernels of pixcon, .*compiling the kernels of pixcon failed: .*ENOENT/,
    );
  });

  it('leaves it where the kernels cannot be loaded', async () => {
    compiler('not a library');
    expect(await installed()).toEqual(['libtensorflow_framework.so.2', 'index.js', 'package.json']);
    expect(lines.join('\n')).toMatch(/the test of the kernels of pixcon failed/);
  });

  it('compiles nothing where they are there', async () => {
    const path = (await nativeKernelsPath(join(folder.path, package_))) as string;
    folder.put(path.slice(folder.path.length + 1));
    vi.stubEnv('PATH', folder.path);
    await installed();
    expect(lines).toEqual([]);
  });
});

describe('the sources of the kernels', () => {
  it('are found beside this package’s code', async () => {
    const names = (await nativeKernelSources()).map((path) => path.split('/').at(-1));
    expect(names).toContain('module.cc');
    expect(names).toContain('operation.h');
  });

  it('give the file its name', async () => {
    expect(await nativeKernelsPath('/there')).toMatch(
      /^\/there\/deps\/lib\/pixcon-kernels-[0-9a-f]{12}\.node$/,
    );
  });
});
