import { existsSync } from 'node:fs';
import { PixconError } from '@pixcon/core';
import type { Measurement, Spread } from './measurement.ts';
import { jsonLine, type ProcessResult, runProcess } from './run-process.ts';
import type { Workload, WorkloadSizes } from './workloads/workload.ts';

export interface PeerOptions {
  /** The training step in PyTorch. */
  readonly stepScript: string;
  /** The data path in torchvision. */
  readonly dataScript: string;
  readonly steps: number;
  /** Folders of images, for the workload `data`. */
  readonly folders: readonly string[];
  /** PyTorch's name of the device that steps and losses run on. Default `cpu`. */
  readonly device?: string | undefined;
  /** The Python to run. Default `python3`. */
  readonly python?: string;
}

interface PeerOutput {
  readonly peer: string;
  readonly secondsPerStep: number;
  readonly imagesPerSecond: number;
  readonly peakRssMiB: number;
  readonly peakDeviceMiB?: number | null;
  readonly wallSecondsPerStep?: number;
  readonly spread?: Spread;
}

/**
 * Looks for all that a peer needs, before anything is measured.
 *
 * @throws PixconError `data` with what is missing
 */
export async function checkPeer({ sizes }: Workload, options: PeerOptions): Promise<void> {
  const { python = 'python3' } = options;
  const script = scriptOf(sizes, options);
  if (!existsSync(script)) {
    throw new PixconError(
      'data',
      `--peer needs ${script}, which does not exist; say where it is with --peer-script FILE, or leave --peer out`,
    );
  }
  const modules = sizes.kind === 'data' ? ['torch', 'torchvision', 'PIL'] : ['torch'];
  const program =
    'import importlib.util as u, sys; print(*[m for m in sys.argv[1:] if u.find_spec(m) is None])';
  const result = await runPython(python, ['-c', program, ...modules]);
  const missing = result.exitCode === 0 ? result.stdout.trim().split(/\s+/).filter(Boolean) : modules;
  if (missing.length === 0) return;
  const packages = missing.length === 1 ? 'package' : 'packages';
  throw new PixconError(
    'data',
    `--peer needs the Python ${packages} ${missing.join(', ')}, which ${python} does not have; install ` +
      `${missing.length === 1 ? 'it' : 'them'}, or leave --peer out`,
  );
}

/**
 * Runs the peer once, in a process of its own, with the sizes of the workload.
 *
 * @throws PixconError `data` when Python is missing or the peer fails
 */
export async function runPeer(workload: Workload, options: PeerOptions): Promise<Measurement> {
  const { sizes } = workload;
  const { python = 'python3', steps } = options;
  const script = scriptOf(sizes, options);
  const run = async (given: readonly string[]) =>
    jsonLine<PeerOutput>(`the peer of ${workload.name}`, await runPython(python, [script, ...given]));
  const output = await run(peerArguments(workload, steps, options));
  // It does not tell what the loss adds, but the same process with one query and the same queues tells the rest.
  const base =
    sizes.kind === 'loss'
      ? await run(
          peerArguments({ ...workload, sizes: { ...sizes, imageSize: 32, batchSize: 1 } }, 1, options),
        )
      : undefined;
  const { secondsPerStep, imagesPerSecond, peakRssMiB, peakDeviceMiB, spread, wallSecondsPerStep } = output;
  return {
    secondsPerStep,
    imagesPerSecond,
    peakRssMiB,
    ...(typeof peakDeviceMiB === 'number' ? { peakDeviceMiB } : {}),
    ...(base ? { extraMiB: peakRssMiB - base.peakRssMiB } : {}),
    backend: 'torch',
    versions: { peer: output.peer },
    ...(spread ? { spread } : {}),
    steps,
    ...(wallSecondsPerStep === undefined ? {} : { wallSecondsPerStep }),
  };
}

/** The peer's command line for the same work. */
export function peerArguments(
  { sizes, threads: count }: Pick<Workload, 'sizes' | 'threads'>,
  steps: number,
  { folders, device }: Pick<PeerOptions, 'folders' | 'device'>,
): string[] {
  const { imageSize, batchSize } = sizes;
  const shared = ['--size', String(imageSize), '--batch', String(batchSize), '--steps', String(steps)];
  if (sizes.kind === 'data') return [...shared, ...folders];
  const threads = count === undefined ? [] : ['--threads', String(count)];
  const what = sizes.kind === 'loss' ? ['--loss-only', '--arch', 'resnet18'] : ['--arch', sizes.arch];
  const where = device === undefined ? [] : ['--device', device];
  const amp = sizes.kind === 'step' && sizes.precision === 'mixed' ? ['--amp'] : [];
  return [...what, ...shared, '--queue', String(sizes.queueLength), ...threads, ...where, ...amp];
}

function scriptOf(sizes: WorkloadSizes, { stepScript, dataScript }: PeerOptions): string {
  return sizes.kind === 'data' ? dataScript : stepScript;
}

async function runPython(python: string, options: readonly string[]): Promise<ProcessResult> {
  const result = await runProcess(python, options);
  if (result) return result;
  throw new PixconError(
    'data',
    `--peer needs ${python}, which was not found; install Python 3 with torch, or leave --peer out`,
  );
}
