import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from './pack-packages.ts';
import { tarballFaults } from './tarball-faults.ts';

const sound = ['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.js.map', 'src/index.ts'];
const manifest = { name: 'a', exports: { '.': { default: './dist/index.js' } } };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-tarball-'));
  for (const file of ['src/index.ts', 'src/index.test.ts', 'src/kernel.c', 'src/worker.js']) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), '');
  }
  await cp(join(root, 'LICENSE'), join(folder, 'LICENSE'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('tarballFaults', () => {
  const own = ['src/kernel.c', 'src/worker.js'];
  const faults = (files: readonly string[]) => tarballFaults({ manifest, folder, tarball: '', files });

  it('passes sources, build and papers', async () => {
    expect(await faults([...sound, ...own])).toEqual([]);
  });

  it.each([
    'dist/tsconfig.tsbuildinfo',
    'src/index.test.ts',
    'src/.temporary/a.ts',
    'test/fixtures/a.ts',
    'dist/old.js.map',
    'notes.txt',
  ])('names the leftover %s', async (file) => {
    expect((await faults([...sound, ...own, file])).join()).toContain(`holds ${file}`);
  });

  it('names what is missing: the licence, a source that is no TypeScript, what exports name', async () => {
    const files = sound.filter((file) => !/LICENSE|index\.js$/.test(file));
    expect(await faults([...files, 'src/worker.js'])).toEqual([
      'has no LICENSE',
      'lacks src/kernel.c, of which the package is made',
      'lacks dist/index.js, which its package.json names',
    ]);
  });

  it("wants the repository's licence", async () => {
    await writeFile(join(folder, 'LICENSE'), 'another');
    expect(await faults([...sound, ...own])).toEqual(["has a LICENSE that is not the repository's"]);
  });
});
