import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTemporaryFolder } from '../test/temporary-folder.ts';
import { installationIn, manifestName } from './find-tensorflow.ts';

const folder = useTemporaryFolder();

describe('installationIn', () => {
  it('wants the built library, and reads the manifest', async () => {
    const directory = 'node_modules/@tensorflow/tfjs-node';
    folder.put(`${directory}/package.json`, '{}');
    expect(await installationIn(folder.path)).toBeUndefined();
    folder.put(`${directory}/lib/napi-v8/tfjs_binding.node`);
    expect(await installationIn(folder.path)).toEqual({
      directory: join(folder.path, directory),
      packageName: '@tensorflow/tfjs-node',
      gpu: false,
      source: 'pixcon',
    });
    folder.put(manifestName, '{"gpu":true}');
    expect((await installationIn(folder.path))?.gpu).toBe(true);
  });
});
