import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { filesUnder, useTemporaryFolder } from '../../test/temporary-folder.ts';
import { cudaExtractions, extractWheel, tensorflowExtractions } from './extract.ts';
import { runCommand } from './run-command.ts';

const folder = useTemporaryFolder();

/** A zip file with these members, each holding its own name. */
async function makeWheel(members: readonly string[]): Promise<string> {
  const wheel = join(folder.path, 'made.whl');
  const script =
    'import json,sys,zipfile\nz=zipfile.ZipFile(sys.argv[1],"w")\nfor n in json.loads(sys.argv[2]): z.writestr(n,n)\nz.close()';
  const command = { program: 'python3', arguments: ['-c', script, wheel, JSON.stringify(members)] };
  await runCommand('zip', command, { directory: folder.path });
  return wheel;
}

// The tests need Node and nothing else; this reads zip files as the installation does.
const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.skipIf(!hasPython)('extractWheel, with python3', () => {
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
    const out = join(folder.path, 'deps');
    const metadata = await runCommand('unzip', extractWheel('python3', wheel, tensorflowExtractions(out)), {
      directory: folder.path,
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
    const out = join(folder.path, 'deps');
    await runCommand('unzip', extractWheel('python3', wheel, cudaExtractions(out)), {
      directory: folder.path,
    });
    expect(filesUnder(out)).toEqual(['nvidia/cublas/lib/libcublas.so.12']);
  });

  it('refuses a member that leaves the folder', async () => {
    const wheel = await makeWheel(['nvidia/../../escaped.so']);
    const command = extractWheel('python3', wheel, cudaExtractions(join(folder.path, 'deps')));
    await expect(runCommand('unpacking', command, { directory: folder.path })).rejects.toThrow(/unsafe path/);
    expect(existsSync(join(folder.path, 'escaped.so'))).toBe(false);
  });
});
