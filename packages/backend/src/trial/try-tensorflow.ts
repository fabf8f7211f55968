import type { TensorflowInstallation } from '../find-tensorflow.ts';
import { nativeKernelsPath } from '../native-kernels.ts';
import { importNode } from '../node-modules.ts';
import { codeVersion } from './code-version.ts';
import { isTrialWanted } from './is-trial-wanted.ts';
import { type HoldTrial, judge, type Part, type Verdict } from './judge.ts';
import { thisProcessor } from './processor.ts';
import { runTrial } from './run-trial.ts';
import { settingsOf } from './settings-of.ts';
import { verdict } from './verdicts.ts';

/** oneDNN's operations, which TensorFlow reads about when it is loaded. */
export const oneDnn: Part = { name: 'oneDNN', variable: 'TF_ENABLE_ONEDNN_OPTS' };

const ownKernels: Part = { name: 'the kernels of pixcon', variable: 'PIXCON_NATIVE_KERNELS' };

/** Loading the library alone takes long from a cold disk; for a new card CUDA compiles its kernels first. */
const patience = { processor: 60_000, card: 600_000 };

/**
 * Has a TensorFlow compute what a training step takes in a process of its own, with oneDNN and, where it dies of
 * that, without; once for each processor, library and version of this package. Node only.
 *
 * @param options `again`: also where that is known, default false; `run`: holds a trial
 */
export async function tryTensorflow(
  installation: TensorflowInstallation,
  { again = false, run = runTrial }: { readonly again?: boolean; readonly run?: typeof runTrial } = {},
): Promise<Verdict> {
  if (!isTrialWanted()) return {};
  try {
    const { name, details } = await thisProcessor();
    const { library, kernels } = await libraryOf(installation);
    const code = await codeVersion('tensorflow');
    const key = {
      backend: installation.gpu ? 'tensorflow-gpu' : 'tensorflow',
      processor: name,
      details,
      library,
      code,
    };
    const request = { backend: 'tensorflow', installation } as const;
    const hold: HoldTrial = (settings) =>
      verdict(
        { ...key, settings: settingsOf(read, settings) },
        () => run(request, settings, installation.gpu ? patience.card : patience.processor),
        again,
      );
    return await withoutThreads(
      await judge(hold, kernels ? [oneDnn, ownKernels] : [oneDnn], `this processor (${name})`),
    );
  } catch {
    // In a bundle, or where files may not be read: as without a trial.
    return {};
  }
}

/** A worker thread has its own copy of the environment, and a library reads that of the process. */
async function withoutThreads(found: Verdict): Promise<Verdict> {
  const { isMainThread } = await importNode('node:worker_threads');
  if (isMainThread || found.settings?.[oneDnn.variable] === undefined) return found;
  return {
    obstacle: {
      reason: `it runs ${found.remark}, and a worker thread cannot turn oneDNN off`,
      remedy: `set ${oneDnn.variable}=0 before the process starts`,
    },
  };
}

/** Where it is and when its parts were made, and whether our kernels are loaded with it. */
async function libraryOf({
  directory,
  source,
}: TensorflowInstallation): Promise<{ readonly library: string; readonly kernels: boolean }> {
  const [{ existsSync, readdirSync, readFileSync, statSync }, { join }] = await Promise.all([
    importNode('node:fs'),
    importNode('node:path'),
  ]);
  const parts = [directory, JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')).version];
  const note = (file: string) => {
    const { size, mtimeMs } = statSync(file);
    parts.push(`${file.slice(directory.length + 1)} ${size} ${mtimeMs}`);
  };
  for (const folder of readdirSync(join(directory, 'lib'))) {
    const binding = join(directory, 'lib', folder, 'tfjs_binding.node');
    if (existsSync(binding)) note(binding);
  }
  const libraries = join(directory, 'deps', 'lib');
  for (const name of existsSync(libraries) ? readdirSync(libraries).sort() : []) {
    if (name.startsWith('libtensorflow')) note(join(libraries, name));
  }
  const path = source === 'pixcon' ? await nativeKernelsPath(directory) : undefined;
  const kernels = path !== undefined && existsSync(path);
  if (kernels) note(path);
  const driver = '/proc/driver/nvidia/version';
  if (existsSync(driver)) parts.push(readFileSync(driver, 'utf8').trim());
  return { library: parts.join('\n'), kernels };
}

/**
 * What TensorFlow and its libraries choose their code by. Not all that begins with TF_: Terraform keeps secrets there,
 * and verdicts lie open. Not what is set here when TensorFlow is loaded: children inherit it.
 */
const read =
  /^(TF_(ENABLE(?!_MAXPOOL_NANPROP)|DISABLE|NUM|USE|SET|ONEDNN|MKL|XLA|CPU|GPU|CUDNN|CUBLAS)_|(ONEDNN|DNNL)_(?!VERBOSE)|OMP_|KMP_|CUDA_|LD_(PRELOAD|LIBRARY_PATH)$|PIXCON_NATIVE_KERNELS$)/;
