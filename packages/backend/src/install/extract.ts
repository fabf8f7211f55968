import { join } from 'node:path';
import type { Command } from './commands.ts';

/** Members of a wheel whose path starts with `from` go to the folder `to`, without that part of the path. */
export interface Extraction {
  readonly from: string;
  readonly to: string;
}

/** What the build and the finished installation need of a TensorFlow wheel. */
export function tensorflowExtractions(dependencies: string): Extraction[] {
  const include = 'tensorflow/include/';
  const headers = ['tensorflow/c/', 'tensorflow/core/platform/', 'xla/', 'tsl/'];
  return [
    { from: 'tensorflow/libtensorflow_cc.so.2', to: join(dependencies, 'lib', 'libtensorflow_cc.so.2') },
    {
      from: 'tensorflow/libtensorflow_framework.so.2',
      to: join(dependencies, 'lib', 'libtensorflow_framework.so.2'),
    },
    ...headers.map((folder) => ({ from: include + folder, to: join(dependencies, 'include', folder) })),
  ];
}

/**
 * CUDA libraries: libtensorflow looks for them in `$ORIGIN/../nvidia/…/lib`, beside its own folder. Their headers
 * stay behind.
 */
export function cudaExtractions(dependencies: string): Extraction[] {
  return [{ from: 'nvidia/', to: join(dependencies, 'nvidia') }];
}

// A wheel is a zip file, and Node has no reader for those; Python is needed for pip and node-gyp anyway.
const script = `
import json, os, shutil, sys, zipfile
wheel, extractions = sys.argv[1], json.loads(sys.argv[2])
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.endswith('/') or (name.startswith('nvidia/') and '/include/' in name):
            continue
        for extraction in extractions:
            source, target = extraction['from'], extraction['to']
            if name == source:
                path = target
            elif source.endswith('/') and name.startswith(source):
                path = os.path.join(target, name[len(source):])
            else:
                continue
            if not os.path.abspath(path).startswith(os.path.abspath(target)):
                sys.exit('unsafe path in wheel: ' + name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(name) as member, open(path, 'wb') as file:
                shutil.copyfileobj(member, file, 1 << 20)
            break
    for name in archive.namelist():
        if name.endswith('.dist-info/METADATA'):
            sys.stdout.write(archive.read(name).decode())
`;

/** Extracts parts of a wheel; prints its `METADATA`. */
export function extractWheel(python: string, wheel: string, extractions: readonly Extraction[]): Command {
  return { program: python, arguments: ['-c', script, wheel, JSON.stringify(extractions)] };
}
