/// <reference path="../optional-peers.d.ts" />
import * as tf from '@tensorflow/tfjs-core';
import { importNode, isNode } from '../node-modules.ts';
import { resolvePackage } from '../resolve-package.ts';
import { activate } from './activate.ts';
import { type AdapterInfo, describeAdapter, isSoftwareAdapter } from './adapter.ts';
import type { Candidate } from './candidate.ts';
import { probeAdapterInChild } from './probe-adapter.ts';

/** tfjs-backend-webgpu, on the browser's WebGPU or on Dawn through the npm package `webgpu`. */
export const webgpuCandidate: Candidate = {
  name: 'webgpu',
  remedy: 'run: npm install webgpu @tensorflow/tfjs-backend-webgpu (in a browser the latter is enough)',

  async obstacle(forced) {
    const missing = await missingPackage();
    if (missing !== undefined) return missing;
    const info = await adapterInfo();
    if (info === undefined) return 'no WebGPU adapter was found';
    if (!forced && isSoftwareAdapter(info)) {
      return `its only adapter is a software one (${describeAdapter(info)}); ask for 'webgpu' by name to use it`;
    }
    return undefined;
  },

  async start() {
    if (isNode()) await installDawn();
    const gpu = browserGpu();
    const info = gpu && adapterInfoOf(await gpu.requestAdapter({ powerPreference: 'high-performance' }));
    if (info === undefined) throw new Error('no WebGPU adapter was found');
    // The module looks for navigator.gpu when it is loaded, so Dawn has to be there first.
    if (tf.findBackendFactory('webgpu') == null) await import('@tensorflow/tfjs-backend-webgpu');
    await activate('webgpu');
    return describeAdapter(info);
  },
};

async function missingPackage(): Promise<string | undefined> {
  if (!isNode()) return browserGpu() === undefined ? 'this browser has no WebGPU' : undefined;
  for (const name of ['@tensorflow/tfjs-backend-webgpu', 'webgpu']) {
    if ((await resolvePackage(name)) === undefined) return `${name} is not installed`;
  }
  return undefined;
}

interface Gpu {
  requestAdapter(options: { powerPreference: string }): Promise<object | null>;
}

function browserGpu(): Gpu | undefined {
  return (globalThis as { navigator?: { gpu?: Gpu } }).navigator?.gpu;
}

function adapterInfoOf(adapter: object | null): AdapterInfo | undefined {
  if (adapter === null) return undefined;
  const { info = {}, isFallbackAdapter } = adapter as { info?: AdapterInfo; isFallbackAdapter?: boolean };
  const { vendor, architecture, description } = info;
  return {
    vendor,
    architecture,
    description,
    isFallbackAdapter: info.isFallbackAdapter ?? isFallbackAdapter,
  };
}

async function adapterInfo(): Promise<AdapterInfo | undefined> {
  const gpu = browserGpu();
  if (gpu !== undefined)
    return adapterInfoOf(await gpu.requestAdapter({ powerPreference: 'high-performance' }));
  const directory = await resolvePackage('webgpu');
  return directory === undefined ? undefined : await probeAdapterInChild(directory);
}

/** Gives Node the browser's `navigator.gpu` and the `GPU…` globals that tfjs tests against. */
async function installDawn(): Promise<void> {
  if (browserGpu() !== undefined) return;
  const directory = await resolvePackage('webgpu');
  if (directory === undefined) throw new Error('webgpu is not installed');
  const [{ createRequire }, { join }] = await Promise.all([
    importNode('node:module'),
    importNode('node:path'),
  ]);
  const entry = createRequire(join(directory, 'package.json')).resolve(directory);
  const { pathToFileURL } = await importNode('node:url');
  const { create, globals } = (await import(/* @vite-ignore */ pathToFileURL(entry).href)) as {
    create(flags: string[]): Gpu;
    globals: object;
  };
  Object.assign(globalThis, globals);
  const scope = globalThis as { navigator?: object };
  // Node 20 has no navigator, later ones have one without gpu.
  if (scope.navigator === undefined) {
    Object.defineProperty(scope, 'navigator', { value: {}, configurable: true, writable: true });
  }
  Object.defineProperty(scope.navigator, 'gpu', { value: create([]), configurable: true });
}
