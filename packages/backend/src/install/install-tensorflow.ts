import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { PixconError } from '@pixcon/core';
import { installationIn } from '../find-tensorflow.ts';
import { hasNvidiaCard } from '../nvidia-card.ts';
import { tensorflowFolder } from '../pixcon-home.ts';
import { isTrialWanted } from '../trial/is-trial-wanted.ts';
import { tryTensorflow } from '../trial/try-tensorflow.ts';
import { buildTensorflow } from './build.ts';
import { folderSize, megabytes } from './folder-size.ts';
import { withLock } from './lock.ts';
import { installNativeKernels } from './native-kernels.ts';
import { partialPrefix, publish, recover } from './publish.ts';
import { assertPlatform, assertTools } from './required-tools.ts';
import { smokeTest } from './smoke-test.ts';

/** See the fields for the defaults. */
export interface InstallTensorflowOptions {
  /** Default: `tensorflow` in pixcon's own folder, where `startBackend` looks for it. */
  readonly directory?: string;
  /** With the CUDA libraries (several GB). Default: where an NVIDIA card is found. */
  readonly gpu?: boolean;
  /** Receives one line for each step. Default: writes it to standard error. */
  readonly log?: (line: string) => void;
  /** The Python whose pip downloads the wheel; TensorFlow 2.21 has wheels for 3.10 to 3.13. Default `python3`. */
  readonly python?: string;
  /** Build anew although a working installation is there. Default false. */
  readonly force?: boolean;
}

/** The installation that is there now. */
export interface InstalledTensorflow {
  readonly directory: string;
  /** libtensorflow's version, `2.21.0`. */
  readonly version: string;
  /** A card was found and is used. */
  readonly usesGpu: boolean;
  /** On disk. */
  readonly bytes: number;
  /** False where a working installation was found and left alone. */
  readonly built: boolean;
  /** What `startBackend` says of it after its trial on this processor: `without oneDNN: …`. */
  readonly remark?: string;
}

/**
 * Sets up tfjs-node on a current libtensorflow, which its own installer cannot do: downloads the TensorFlow wheel
 * through pip (270 MB; with CUDA several GB), takes the shared libraries out of it, builds the native addon with
 * g++, and pixcon's own kernels beside it, and tests both. Takes one to two minutes and 0.9 GB. Where a working
 * installation lacks only the kernels of this version, it gets these, in some ten seconds.
 *
 * Last it computes every kind of operation of a training step in a process of its own, so that `startBackend` knows
 * what a library does on this processor that may never have seen it: see {@link InstalledTensorflow.remark}.
 *
 * All is made in a folder beside the final one, which it replaces at the end by a rename: an interrupted
 * installation leaves the one from before. Two at a time wait for each other.
 *
 * The way with CUDA follows TensorFlow's own layout of the `nvidia-*` wheels but has not been run on a card.
 *
 * @param options `directory`: pixcon's folder; `gpu`: where a card is found; `log`: to standard error; `python`:
 *   `'python3'`; `force`: false
 * @throws PixconError `backend-unavailable` when a tool is missing, the platform has no wheel, a step fails, or what
 *   was installed ends the processes that use it
 * @example
 * const { version } = await installTensorflow();
 * version; // => '2.21.0'
 */
export async function installTensorflow(
  options: InstallTensorflowOptions = {},
): Promise<InstalledTensorflow> {
  const { log = writeLine, python = 'python3', force = false } = options;
  assertPlatform();
  const gpu = options.gpu ?? (await hasNvidiaCard());
  const directory = resolve(options.directory ?? (await tensorflowFolder()));
  const onWait = (processId: number) => log(`Waiting for another installation (process ${processId})`);
  return withLock(`${directory}.lock`, onWait, async () => {
    recover(directory);
    const existing = force ? undefined : await workingInstallation(directory, gpu);
    if (existing !== undefined) {
      await installNativeKernels(directory, log);
      log(`TensorFlow ${existing.version} is already in ${directory}`);
      return { ...existing, ...(await tried(directory, existing.version, log)) };
    }
    assertTools(python);
    assertSpace(dirname(directory), gpu);
    const temporary = mkdtempSync(partialPrefix(directory));
    // mkdtemp makes it private; other users of the machine may share a PIXCON_HOME.
    chmodSync(temporary, 0o755);
    try {
      const tested = await buildTensorflow(temporary, { gpu, python, log });
      publish(directory, temporary);
      const bytes = folderSize(directory);
      log(`TensorFlow ${tested.version} is in ${directory} (${megabytes(bytes)})`);
      return { directory, ...tested, bytes, built: true, ...(await tried(directory, tested.version, log)) };
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  });
}

/** Holds the trial of what is there now, whatever earlier ones have found. */
async function tried(
  directory: string,
  version: string,
  log: (line: string) => void,
): Promise<Pick<InstalledTensorflow, 'remark'>> {
  const installation = await installationIn(directory);
  if (installation === undefined || !isTrialWanted()) return {};
  log('Trying what a training step computes');
  const { obstacle, remark } = await tryTensorflow(installation, { again: true });
  if (obstacle !== undefined) {
    throw new PixconError(
      'backend-unavailable',
      `installTensorflow: TensorFlow ${version} is in ${directory}, but ${obstacle.reason}, so startBackend passes it over; to use it, ${obstacle.remedy}`,
    );
  }
  if (remark === undefined) return {};
  log(`TensorFlow ${version} runs here ${remark}`);
  return { remark };
}

function writeLine(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function workingInstallation(
  directory: string,
  gpu: boolean,
): Promise<InstalledTensorflow | undefined> {
  const found = await installationIn(directory);
  if (found === undefined || found.gpu !== gpu) return undefined;
  try {
    return { directory, ...(await smokeTest(directory)), bytes: folderSize(directory), built: false };
  } catch {
    return undefined;
  }
}

function assertSpace(parent: string, gpu: boolean): void {
  mkdirSync(parent, { recursive: true });
  const needed = gpu ? 16e9 : 2.5e9;
  const { bavail, bsize } = statfsSync(parent);
  if (bavail * bsize >= needed) return;
  throw new PixconError(
    'backend-unavailable',
    `installTensorflow: ${megabytes(needed)} must be free in ${parent}, and ${megabytes(bavail * bsize)} are; free some, or set PIXCON_HOME to a folder on another disk`,
  );
}
