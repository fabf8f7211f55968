import { registerWasmKernels } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { importNode, isNode } from '../node-modules.ts';
import { importFromProject, resolvePackage } from '../resolve-package.ts';
import { activate } from './activate.ts';
import type { Candidate } from './candidate.ts';
import { missingPackage } from './missing-package.ts';
import { defaultThreads, useThreadedWasm } from './threaded-wasm.ts';

type Wasm = typeof import('@tensorflow/tfjs-backend-wasm');

const threadsFlag = 'WASM_HAS_MULTITHREAD_SUPPORT';

/** For the download of the files, and for threads to start. */
const patience = 20_000;

/** tfjs-backend-wasm: XNNPACK in WebAssembly. */
export const wasmCandidate: Candidate = {
  name: 'wasm',

  async obstacle() {
    if (!('WebAssembly' in globalThis)) {
      return {
        reason: 'this JavaScript engine has no WebAssembly',
        remedy: 'allow WebAssembly or use another engine',
      };
    }
    if (!isNode() || (await resolvePackage('@tensorflow/tfjs-backend-wasm')) !== undefined) return undefined;
    return missingPackage('@tensorflow/tfjs-backend-wasm');
  },

  async start({ wasmPath, threads: asked }) {
    const wasm = await import('@tensorflow/tfjs-backend-wasm').catch((error) =>
      importFromProject<Wasm>('@tensorflow/tfjs-backend-wasm', error),
    );
    const directory = await resolvePackage('@tensorflow/tfjs-backend-wasm');
    const prefix = wasmPath ?? (await distFolder(directory));
    if (prefix !== undefined) wasm.setWasmPaths(prefix);
    if (directory === undefined || wasmPath !== undefined) {
      if (asked !== undefined) wasm.setThreadsCount(asked);
      if (asked === 1) tf.env().set(threadsFlag, false);
    } else {
      const wanted = asked ?? (await defaultThreads());
      if (wanted > 1) await useThreadedWasm(wasm, directory, wanted);
    }
    await activateWithThreadsOrWithout();
    registerWasmKernels();
    const simd = (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) ? ' with SIMD' : '';
    const threads = wasm.getThreadsCount();
    return `WebAssembly${simd}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  },
};

/**
 * In a page, tfjs starts threads from the text of one of its functions. Where a bundler's minifier has renamed what
 * that text reads, they fail, and tfjs would wait for them for ever.
 */
async function activateWithThreadsOrWithout(): Promise<void> {
  if (isNode() || !(await tf.env().getAsync(threadsFlag))) return activate('wasm');
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), patience);
  });
  const outcome = await Promise.race([activate('wasm'), late]);
  clearTimeout(timer);
  if (outcome !== 'late') return;
  tf.env().set(threadsFlag, false);
  await activate('wasm');
}

/** The folder of the `.wasm` files, with the trailing separator that tfjs wants of a prefix. */
async function distFolder(directory: string | undefined): Promise<string | undefined> {
  if (directory === undefined) return undefined;
  const { join, sep } = await importNode('node:path');
  return join(directory, 'dist') + sep;
}
