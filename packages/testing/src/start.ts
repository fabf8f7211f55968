import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { join } from 'node:path';
import util from 'node:util';
import * as tf from '@tensorflow/tfjs-core';

const tensorflowFolder = () => join(homedir(), '.cache', 'pixcon', 'tensorflow');

export function isInstalled(backend: string): boolean {
  if (backend === 'tensorflow') return existsSync(join(tensorflowFolder(), 'node_modules'));
  return backend === 'cpu' || backend === 'wasm';
}

export async function start(backend: string): Promise<void> {
  if (!tf.engine().registryFactory[backend]) {
    if (backend === 'tensorflow') {
      (util as { isNullOrUndefined?: unknown }).isNullOrUndefined ??= (value: unknown) => value == null;
      // It brings a second copy of the cpu backend, and warns once for every kernel of it.
      const { warn } = console;
      console.warn = () => {};
      try {
        createRequire(join(tensorflowFolder(), 'package.json'))('@tensorflow/tfjs-node');
      } finally {
        console.warn = warn;
      }
    } else {
      createRequire(import.meta.url)(`@tensorflow/tfjs-backend-${backend}`);
    }
  }
  await tf.setBackend(backend);
  await tf.ready();
}
