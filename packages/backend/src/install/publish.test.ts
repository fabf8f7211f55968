import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder, useTemporaryFolder } from '../../test/temporary-folder.ts';
import { partialPrefix, publish, recover } from './publish.ts';

const folder = useTemporaryFolder();

describe('publish and recover', () => {
  it('replaces a folder', () => {
    folder.put('tensorflow/old');
    folder.put('made/new');
    publish(join(folder.path, 'tensorflow'), join(folder.path, 'made'));
    expect(filesUnder(folder.path)).toEqual(['tensorflow/new']);
  });

  it('clears what a killed installation left, and nothing else', () => {
    folder.put('tensorflow/good');
    folder.put('other/file');
    mkdirSync(`${partialPrefix(join(folder.path, 'tensorflow'))}x1`);
    recover(join(folder.path, 'tensorflow'));
    expect(readdirSync(folder.path).sort()).toEqual(['other', 'tensorflow']);
  });

  it('puts back what was about to be replaced', () => {
    folder.put('.tensorflow-replaced/old');
    recover(join(folder.path, 'tensorflow'));
    expect(filesUnder(folder.path)).toEqual(['tensorflow/old']);
  });

  it('drops the replaced one when the new one is in place', () => {
    folder.put('.tensorflow-replaced/old');
    folder.put('tensorflow/new');
    recover(join(folder.path, 'tensorflow'));
    expect(filesUnder(folder.path)).toEqual(['tensorflow/new']);
  });
});
