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
      if (asked === 1 || (asked === undefined && isMinified())) tf.env().set(threadsFlag, false);
    } else {
      const wanted = asked ?? (await defaultThreads());
      if (wanted > 1) await useThreadedWasm(wasm, directory, wanted);
    }
    await activate('wasm');
    registerWasmKernels();
    const simd = (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) ? ' with SIMD' : '';
    const threads = wasm.getThreadsCount();
    return `WebAssembly${simd}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  },
};

/**
 * True in a bundle whose minifier has shortened names. In a page, tfjs starts threads from the text of one of its
 * functions, which reads a variable outside of it: renamed, threads fail, and tfjs waits for them for ever.
 */
function isMinified(): boolean {
  const probe = (nameThatMinifiersShorten: number) => nameThatMinifiersShorten + 1;
  return !String(probe).includes('nameThatMinifiersShorten');
}

/** The folder of the `.wasm` files, with the trailing separator that tfjs wants of a prefix. */
async function distFolder(directory: string | undefined): Promise<string | undefined> {
  if (directory === undefined) return undefined;
  const { join, sep } = await importNode('node:path');
  return join(directory, 'dist') + sep;
}
