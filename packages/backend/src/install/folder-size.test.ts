import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTemporaryFolder } from '../../test/temporary-folder.ts';
import { folderSize, megabytes } from './folder-size.ts';

const folder = useTemporaryFolder();

describe('folderSize', () => {
  it('adds up files', () => {
    folder.put('a/b', '12345');
    folder.put('a/c/d', '123');
    expect(folderSize(join(folder.path, 'a'))).toBe(8);
    expect(folderSize(join(folder.path, 'absent'))).toBe(0);
    expect(megabytes(273_829_956)).toBe('274 MB');
  });
});
