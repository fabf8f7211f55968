/// <reference path="../optional-peers.d.ts" />
import { registerWebgpuKernels, type SubgroupMatrixConfiguration, useSubgroupMatrices } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { importNode, isNode } from '../node-modules.ts';
import { importFromProject, resolvePackage } from '../resolve-package.ts';
import type { Verdict } from '../trial/judge.ts';
import { tryWebgpu } from '../trial/try-webgpu.ts';
import { activate } from './activate.ts';
import { type AdapterInfo, describeAdapter, isSoftwareAdapter } from './adapter.ts';
import type { Candidate, Obstacle } from './candidate.ts';
import { withWholeDevices } from './device-request.ts';
import { missingPackage } from './missing-package.ts';
import { type ProbedAdapter, probeAdapterInChild } from './probe-adapter.ts';

/** tfjs-backend-webgpu, on the browser's WebGPU or on Dawn through the npm package `webgpu`. */
export const webgpuCandidate: Candidate = {
  name: 'webgpu',

  async obstacle(forced) {
    const missing = await missingPart();
    if (missing !== undefined) return missing;
    const { info, ended } = await adapterInfo();
    if (info === undefined) {
      const remedy =
        "install the graphics card's driver (on Linux with Vulkan: apt-get install -y libvulkan1)";
      const reason =
        ended === undefined ? 'no WebGPU adapter was found' : `looking for its adapter ended ${ended}`;
      return { reason, remedy };
    }
    if (!forced && isSoftwareAdapter(info)) {
      return {
        reason: `its adapter is a software one, ${describeAdapter(info)}`,
        remedy: "ask for 'webgpu' by name",
      };
    }
    // A process that has a Dawn knows more than its children could find.
    if (isNode() && browserGpu() === undefined) verdict = await tryWebgpu(info);
    return verdict.obstacle;
  },

  async start() {
    if (verdict.settings) Object.assign(process.env, verdict.settings);
    const description = await startWebgpu();
    return verdict.remark === undefined ? description : `${description}, ${verdict.remark}`;
  },
};

/** What was found of the adapter before it was used here. */
let verdict: Verdict = {};

/**
 * Makes WebGPU the active backend, and describes it.
 *
 * @param onMatrices hears that subgroup matrices are going to be tried
 */
export async function startWebgpu(onMatrices: () => void = () => undefined): Promise<string> {
  if (isNode()) await installDawn();
  const gpu = browserGpu();
  const adapter = (await gpu?.requestAdapter({ powerPreference: 'high-performance' })) ?? null;
  const info = adapterInfoOf(adapter);
  if (info === undefined) throw new Error('no WebGPU adapter was found');
  // The module looks for navigator.gpu when it is loaded, so Dawn has to be there first.
  if (tf.findBackendFactory('webgpu') == null)
    await import('@tensorflow/tfjs-backend-webgpu').catch((error) =>
      importFromProject('@tensorflow/tfjs-backend-webgpu', error),
    );
  await withWholeDevices(browserGpu() as Gpu, () => activate('webgpu'));
  registerWebgpuKernels();
  const configurations = [...configurationsOf(adapter)];
  if (configurations.length === 0) return describeAdapter(info);
  onMatrices();
  if (await useSubgroupMatrices(configurations)) return `${describeAdapter(info)}, with subgroup matrices`;
  if (!(await isDeviceLost())) return describeAdapter(info);
  await takeAnotherDevice();
  return `${describeAdapter(info)}, without subgroup matrices: their trial lost a device`;
}

/** True where the running device is lost, which may be told a moment after what it was lost by. */
function isDeviceLost(): Promise<boolean> {
  const { device } = tf.backend() as unknown as { device: { lost: Promise<unknown> } };
  const moment = new Promise<boolean>((resolve) => setTimeout(resolve, 100, false));
  return Promise.race([device.lost.then(() => true), moment]);
}

/** In the place of one that is lost; kernels that are registered stay. */
async function takeAnotherDevice(): Promise<void> {
  const factory = tf.findBackendFactory('webgpu');
  tf.removeBackend('webgpu');
  tf.registerBackend('webgpu', factory, 3);
  await withWholeDevices(browserGpu() as Gpu, () => activate('webgpu'));
}

async function missingPart(): Promise<Obstacle | undefined> {
  if (!isNode()) {
    if (browserGpu() !== undefined) return undefined;
    return {
      reason: 'this browser has no WebGPU',
      remedy: 'open the page over https in a browser with WebGPU',
    };
  }
  for (const name of ['@tensorflow/tfjs-backend-webgpu', 'webgpu']) {
    if ((await resolvePackage(name)) !== undefined) continue;
    return missingPackage(name, 'run: npm install webgpu @tensorflow/tfjs-backend-webgpu');
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

/** How subgroups multiply matrices: Dawn lists it for adapters, in its own form. */
function configurationsOf(adapter: object | null): Iterable<SubgroupMatrixConfiguration> {
  // Even a trial of an experimental feature may be too much for a driver.
  if (isNode() && process.env.PIXCON_SUBGROUP_MATRICES === '0') return [];
  const { info } = adapter as { info?: { subgroupMatrixConfigs?: Iterable<SubgroupMatrixConfiguration> } };
  return info?.subgroupMatrixConfigs ?? [];
}

async function adapterInfo(): Promise<ProbedAdapter> {
  const gpu = browserGpu();
  if (gpu !== undefined)
    return { info: adapterInfoOf(await gpu.requestAdapter({ powerPreference: 'high-performance' })) };
  const directory = await resolvePackage('webgpu');
  return directory === undefined ? {} : await probeAdapterInChild(directory);
}

/**
 * SwiftShader takes a store for each element of workgroup memory where Dawn leaves it to Vulkan to zero it, which
 * makes compiling a tiled product six times as slow; else Dawn zeroes it in a loop of its own.
 */
const dawnFlags = [
  'disable-dawn-features=use_vulkan_zero_initialize_workgroup_memory_extension',
  // Lets devices have experimental features, such as subgroup matrices, which are tried before they are used.
  'enable-dawn-features=allow_unsafe_apis',
];

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
  Object.defineProperty(scope.navigator, 'gpu', { value: create(dawnFlags), configurable: true });
}
