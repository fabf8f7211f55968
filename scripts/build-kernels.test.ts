import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { kernelFile, kernelSources, kernelStamp } from './build-kernels.ts';

const root = join(import.meta.dirname, '..');

it.each(kernelSources)('%s has not changed since it was compiled', async (source) => {
  expect(readFileSync(join(root, kernelFile(source)), 'utf8')).toContain(await kernelStamp(source));
});

it('knows every C source', () => {
  const found = readdirSync(join(root, 'packages')).flatMap((name) => {
    const files = readdirSync(join(root, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' });
    return files.filter((file) => file.endsWith('.c')).map((file) => `packages/${name}/src/${file}`);
  });
  expect(found.sort()).toEqual([...kernelSources]);
});
