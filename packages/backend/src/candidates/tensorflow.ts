import { registerGradients, registerTensorflowKernels, useNativeKernels } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { findTensorflow, type TensorflowInstallation } from '../find-tensorflow.ts';
import { nativeKernelsPath } from '../native-kernels.ts';
import { importNode, isNode } from '../node-modules.ts';
import { hasNvidiaCard } from '../nvidia-card.ts';
import { withoutChatter } from '../quiet.ts';
import type { Verdict } from '../trial/judge.ts';
import { tryTensorflow } from '../trial/try-tensorflow.ts';
import { activate } from './activate.ts';
import type { Candidate, Obstacle } from './candidate.ts';

/** libtensorflow through whichever tfjs-node is found. */
export const tensorflowCandidate: Candidate = {
  name: 'tensorflow',

  async obstacle() {
    if (!isNode()) return notInNode();
    if (isLoaded()) return undefined;
    const installation = await findForProcessor();
    if (installation) return (await tryTensorflow(installation)).obstacle;
    return {
      reason: 'no built @tensorflow/tfjs-node was found in the project or in pixcon’s own folder',
      remedy: 'run: npx pixcon install-tensorflow',
    };
  },

  async start() {
    await loadTried(await findForProcessor());
    return describe();
  },
};

/** A build for CUDA wants its libraries even where there is no card, so the others go first. */
async function findForProcessor(): Promise<TensorflowInstallation | undefined> {
  return (await findTensorflow()).sort((a, b) => Number(a.gpu) - Number(b.gpu))[0];
}

/** A build for CUDA. */
async function findForCard(): Promise<TensorflowInstallation | undefined> {
  return (await findTensorflow()).find(({ gpu }) => gpu);
}

/** libtensorflow on an NVIDIA card. */
export const tensorflowGpuCandidate: Candidate = {
  name: 'tensorflow-gpu',

  async obstacle() {
    if (!isNode()) return notInNode();
    const onCard = 'run on a machine with an NVIDIA card';
    if (isLoaded()) {
      if (binding().isUsingGpuDevice()) return undefined;
      return { reason: 'this process has loaded a TensorFlow that uses no card', remedy: onCard };
    }
    if (!(await hasNvidiaCard())) return { reason: 'no NVIDIA card was found', remedy: onCard };
    const installation = await findForCard();
    if (installation) return (await tryTensorflow(installation)).obstacle;
    return {
      reason: 'no TensorFlow with CUDA is installed',
      remedy: 'run: npx pixcon install-tensorflow --gpu',
    };
  },

  async start() {
    await loadTried(await findForCard());
    if (!binding().isUsingGpuDevice()) throw new Error('TensorFlow did not accept the card');
    return describe();
  },
};

function notInNode(): Obstacle {
  return { reason: 'it needs Node.js', remedy: 'run under Node.js' };
}

interface Binding {
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
}

function isLoaded(): boolean {
  return tf.findBackend('tensorflow') != null;
}

function binding(): Binding {
  return (tf.findBackend('tensorflow') as unknown as { binding: Binding }).binding;
}

/** What was found of the TensorFlow of this process before it was loaded. */
let verdict: Verdict = {};

/** Loads what has passed its trial, in the way in which it has. */
async function loadTried(installation: TensorflowInstallation | undefined): Promise<void> {
  if (!isLoaded() && installation !== undefined) {
    verdict = await tryTensorflow(installation);
    Object.assign(process.env, verdict.settings);
  }
  await loadTensorflow(installation);
}

/** Loads tfjs-node once; a second libtensorflow cannot join a process that has one. */
export async function loadTensorflow(installation: TensorflowInstallation | undefined): Promise<void> {
  if (!isLoaded()) {
    if (installation === undefined) throw new Error('no installation was found');
    await prepareProcess();
    const [{ createRequire }, { join }] = await Promise.all([
      importNode('node:module'),
      importNode('node:path'),
    ]);
    const requireThere = createRequire(join(installation.directory, 'package.json'));
    withoutChatter(() => requireThere(installation.directory));
    registerTensorflowKernels();
    // It brings the stock ones, of which some are slow and some wrong.
    registerGradients({ replace: true });
    if (!binding().isUsingGpuDevice()) lacking = await loadNativeKernels(installation, requireThere);
  }
  await activate('tensorflow');
}

/** What to say of our kernels, where they could be there and are not. */
let lacking: string | undefined;

/** Adds pixcon's kernels to the TensorFlow of this process, where they are compiled; else says how to get them. */
async function loadNativeKernels(
  { directory, source }: TensorflowInstallation,
  load: NodeJS.Require,
): Promise<string | undefined> {
  if (process.env.PIXCON_NATIVE_KERNELS === '0') return undefined;
  const { existsSync } = await importNode('node:fs');
  const path = await nativeKernelsPath(directory);
  if (path === undefined || source !== 'pixcon') return undefined;
  if (!existsSync(path))
    return 'without the kernels of pixcon: for these, run: npx pixcon install-tensorflow';
  try {
    load(path);
  } catch (error) {
    return `without the kernels of pixcon: ${(error as Error).message}`;
  }
  useNativeKernels(true);
  return undefined;
}

/** What libtensorflow reads from the environment when it is loaded; the user's own settings win. */
async function prepareProcess(): Promise<void> {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';
  // Its max pooling on a card skips NaN otherwise.
  process.env.TF_ENABLE_MAXPOOL_NANPROP ??= 'true';
  const util = (await importNode('node:util')) as unknown as { default: Record<string, unknown> };
  // Gone in Node 23; tfjs-node 4.22 calls it for every tensor.
  util.default.isNullOrUndefined ??= (value: unknown) => value === null || value === undefined;
}

async function describe(): Promise<string> {
  const { availableParallelism } = await importNode('node:os');
  const version = binding().TF_Version.split('.').slice(0, 2).join('.');
  if (binding().isUsingGpuDevice())
    return [`TensorFlow ${version} CUDA`, verdict.remark].filter((part) => part !== undefined).join(', ');
  const threads = Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism();
  const description = `TensorFlow ${version} CPU, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return [description, verdict.remark, lacking].filter((part) => part !== undefined).join(', ');
}
