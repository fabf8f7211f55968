import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { installationIn, manifestName } from '../find-tensorflow.ts';
import { cudaExtractions, extractWheel, tensorflowExtractions } from './extract.ts';
import { folderSize, megabytes } from './folder-size.ts';
import { withLock } from './lock.ts';
import { partialPrefix, publish, recover } from './publish.ts';
import { runCommand } from './run-command.ts';
import { trimInstallation } from './trim.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pixcon-install-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function put(path: string, text = path): string {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** A zip file with these members, each holding its own name. */
async function makeWheel(members: readonly string[]): Promise<string> {
  const wheel = join(root, 'made.whl');
  const script =
    'import json,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1],"w")\nfor n in json.loads(sys.argv[2]): z.writestr(n,n)\nz.close()';
  const command = { program: 'python3', arguments: ['-c', script, wheel, JSON.stringify(members)] };
  await runCommand('zip', command, { directory: root });
  return wheel;
}

describe('extractWheel', () => {
  it('takes libraries and headers, and prints the metadata', async () => {
    const wheel = await makeWheel([
      'tensorflow/libtensorflow_cc.so.2',
      'tensorflow/libtensorflow_framework.so.2',
      'tensorflow/libtensorflow_cc.so.2.params',
      'tensorflow/python/big.py',
      'tensorflow/include/tensorflow/c/c_api.h',
      'tensorflow/include/tensorflow/cc/not.h',
      'tensorflow/include/xla/tsl/a.h',
      'tensorflow-2.21.0.dist-info/METADATA',
    ]);
    const out = join(root, 'deps');
    const metadata = await runCommand('unzip', extractWheel('python3', wheel, tensorflowExtractions(out)), {
      directory: root,
    });
    expect(metadata).toBe('tensorflow-2.21.0.dist-info/METADATA');
    expect(filesUnder(out)).toEqual([
      'include/tensorflow/c/c_api.h',
      'include/xla/tsl/a.h',
      'lib/libtensorflow_cc.so.2',
      'lib/libtensorflow_framework.so.2',
    ]);
    expect(readFileSync(join(out, 'lib', 'libtensorflow_cc.so.2'), 'utf8')).toBe(
      'tensorflow/libtensorflow_cc.so.2',
    );
  });

  it('takes CUDA libraries without their headers', async () => {
    const wheel = await makeWheel(['nvidia/cublas/lib/libcublas.so.12', 'nvidia/cublas/include/cublas.h']);
    const out = join(root, 'deps');
    await runCommand('unzip', extractWheel('python3', wheel, cudaExtractions(out)), { directory: root });
    expect(filesUnder(out)).toEqual(['nvidia/cublas/lib/libcublas.so.12']);
  });

  it('refuses a member that leaves the folder', async () => {
    const wheel = await makeWheel(['nvidia/../../escaped.so']);
    const command = extractWheel('python3', wheel, cudaExtractions(join(root, 'deps')));
    await expect(runCommand('unpacking', command, { directory: root })).rejects.toThrow(/unsafe path/);
    expect(existsSync(join(root, 'escaped.so'))).toBe(false);
  });
});

describe('runCommand', () => {
  it('fails with the step and the last lines', async () => {
    const command = { program: 'sh', arguments: ['-c', 'echo out; echo wrong >&2; exit 3'] };
    await expect(runCommand('the step', command, { directory: root })).rejects.toThrow(
      /^installTensorflow: the step failed: exit status 3\n[\s\S]*wrong/,
    );
    await expect(
      runCommand('the step', { program: 'no-such-program', arguments: [] }, { directory: root }),
    ).rejects.toThrow(/the step failed: .*ENOENT/);
  });
});

describe('trimInstallation', () => {
  it('leaves what Node loads', () => {
    const scope = 'node_modules/@tensorflow';
    put(`${scope}/tfjs-core/package.json`, '{"main":"dist/tf-core.node.js"}');
    put(`${scope}/tfjs-core/dist/tf-core.node.js`);
    put(`${scope}/tfjs-core/dist/tf-core.min.js`);
    put(`${scope}/tfjs-core/dist/ops/add.js`);
    put(`${scope}/tfjs-core/node_modules/long/long.js`);
    put(`${scope}/tfjs-node/package.json`, '{"main":"dist/index.js"}');
    put(`${scope}/tfjs-node/dist/index.js`);
    put(`${scope}/tfjs-node/deps/include/a.h`);
    put(`${scope}/tfjs-node/deps/lib/libtensorflow_cc.so.2`);
    put(`${scope}/tfjs-node/lib/napi-v8/tfjs_binding.node`);
    put(`${scope}/tfjs-node/build-tmp-napi-v8/a.o`);
    trimInstallation(root);
    expect(filesUnder(join(root, scope))).toEqual([
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

describe('installationIn', () => {
  it('wants the built library, and reads the manifest', async () => {
    const directory = 'node_modules/@tensorflow/tfjs-node';
    put(`${directory}/package.json`, '{}');
    expect(await installationIn(root)).toBeUndefined();
    put(`${directory}/lib/napi-v8/tfjs_binding.node`);
    expect(await installationIn(root)).toEqual({
      directory: join(root, directory),
      packageName: '@tensorflow/tfjs-node',
      gpu: false,
      source: 'pixcon',
    });
    put(manifestName, '{"gpu":true}');
    expect((await installationIn(root))?.gpu).toBe(true);
  });
});

describe('publish and recover', () => {
  it('replaces a folder', () => {
    put('tensorflow/old');
    put('made/new');
    publish(join(root, 'tensorflow'), join(root, 'made'));
    expect(filesUnder(root)).toEqual(['tensorflow/new']);
  });

  it('clears what a killed installation left, and nothing else', () => {
    put('tensorflow/good');
    put('other/file');
    mkdirSync(`${partialPrefix(join(root, 'tensorflow'))}x1`);
    recover(join(root, 'tensorflow'));
    expect(readdirSync(root).sort()).toEqual(['other', 'tensorflow']);
  });

  it('puts back what was about to be replaced', () => {
    put('.tensorflow-replaced/old');
    recover(join(root, 'tensorflow'));
    expect(filesUnder(root)).toEqual(['tensorflow/old']);
  });

  it('drops the replaced one when the new one is in place', () => {
    put('.tensorflow-replaced/old');
    put('tensorflow/new');
    recover(join(root, 'tensorflow'));
    expect(filesUnder(root)).toEqual(['tensorflow/new']);
  });
});

describe('withLock', () => {
  it('lets one in at a time', async () => {
    const lock = join(root, 'lock');
    let inside = 0;
    let most = 0;
    const waits: number[] = [];
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 50));
      inside--;
      return 'done';
    };
    const onWait = (processId: number) => waits.push(processId);
    const results = await Promise.all([withLock(lock, onWait, work), withLock(lock, onWait, work)]);
    expect(results).toEqual(['done', 'done']);
    expect(most).toBe(1);
    expect(waits).toEqual([process.pid]);
    expect(existsSync(lock)).toBe(false);
  });

  it('takes over from a dead process, and opens after a failure', async () => {
    const lock = join(root, 'lock');
    // Larger than any process id that Linux or macOS gives.
    put('lock/pid', '2147483646');
    const failing = () => Promise.reject(new Error('inside'));
    await expect(withLock(lock, () => undefined, failing)).rejects.toThrow('inside');
    expect(existsSync(lock)).toBe(false);
  });
});

describe('folderSize', () => {
  it('adds up files', () => {
    put('a/b', '12345');
    put('a/c/d', '123');
    expect(folderSize(join(root, 'a'))).toBe(8);
    expect(folderSize(join(root, 'absent'))).toBe(0);
    expect(megabytes(273_829_956)).toBe('274 MB');
  });
});
