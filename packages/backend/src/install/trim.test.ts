import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder, useTemporaryFolder } from '../../test/temporary-folder.ts';
import { trimInstallation } from './trim.ts';

const folder = useTemporaryFolder();

describe('trimInstallation', () => {
  it('leaves what Node loads', () => {
    const scope = 'node_modules/@tensorflow';
    folder.put(`${scope}/tfjs-core/package.json`, '{"main":"dist/tf-core.node.js"}');
    folder.put(`${scope}/tfjs-core/dist/tf-core.node.js`);
    folder.put(`${scope}/tfjs-core/dist/tf-core.min.js`);
    folder.put(`${scope}/tfjs-core/dist/ops/add.js`);
    folder.put(`${scope}/tfjs-core/node_modules/long/long.js`);
    folder.put(`${scope}/tfjs-node/package.json`, '{"main":"dist/index.js"}');
    folder.put(`${scope}/tfjs-node/dist/index.js`);
    folder.put(`${scope}/tfjs-node/deps/include/a.h`);
    folder.put(`${scope}/tfjs-node/deps/lib/libtensorflow_cc.so.2`);
    folder.put(`${scope}/tfjs-node/lib/napi-v8/tfjs_binding.node`);
    folder.put(`${scope}/tfjs-node/build-tmp-napi-v8/a.o`);
    trimInstallation(folder.path);
    expect(filesUnder(join(folder.path, scope))).toEqual([
      'tfjs-core/dist/tf-core.node.js',
      'tfjs-core/node_modules/long/long.js',
      'tfjs-core/package.json',
      'tfjs-node/deps/lib/libtensorflow_cc.so.2',
      'tfjs-node/dist/index.js',
      'tfjs-node/lib/napi-v8/tfjs_binding.node',
      'tfjs-node/package.json',
    ]);
  });
});
