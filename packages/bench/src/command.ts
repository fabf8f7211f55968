import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PixconError } from '@pixcon/core';
import { type CommandLine, parseCommandLine, usage } from './command-line.ts';
import { compare, type WorkloadResult } from './compare.ts';
import type { MeasureRequest } from './measure.ts';
import { memoryTable } from './memory-table.ts';
import { pointwiseTable } from './pointwise-table.ts';
import { profileTable } from './profile/profile-table.ts';
import { resultLines } from './result-lines.ts';
import { runOurs, runProfile } from './run-ours.ts';
import { checkPeer, type PeerOptions, runPeer } from './run-peer.ts';
import { ChildFailure } from './run-process.ts';
import { workloads as allWorkloads } from './workloads/table.ts';
import type { Workload } from './workloads/workload.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const dataScript = fileURLToPath(new URL('../peer/torchvision_data.py', import.meta.url));

const defaultStepScript = fileURLToPath(new URL('../peer/torch_step.py', import.meta.url));

/** Where images are unless flags say otherwise, beside the repository. */
const defaultFolders = ['../shared/data/camvid/images/train', '../shared/data/coco/train2017'];

/**
 * Runs the command; returns the exit code. A mistake is one sentence on standard error and exit code 1. So is a process
 * that fails or is killed, but the other workloads are measured all the same.
 *
 * @param print hears each line of the output
 * @param complain hears what is wrong
 */
export async function runCommand(
  given: readonly string[],
  print: (line: string) => void,
  complain: (line: string) => void,
): Promise<number> {
  try {
    const line = parseCommandLine(given);
    let failures = 0;
    const fail = (message: string) => {
      failures++;
      complain(`bench: ${message}`);
    };
    if (line.list) list(print);
    else if (line.table === 'pointwise') await pointwiseTable(line.quick, print);
    else if (line.table === 'memory')
      await memoryTable({ backend: line.backend ?? 'tensorflow', quick: line.quick }, print, fail);
    else if (line.profile !== false) await profileAll(line, line.profile, print, fail);
    else await measureAll(line, print, fail);
    return failures > 0 ? 1 : 0;
  } catch (error) {
    const known = PixconError.isInstance(error) || (error instanceof Error && 'syscall' in error);
    if (!known) throw error;
    complain(`bench: ${error.message.replace(/^bench: /, '')}`);
    return 1;
  }
}

/** Hears of a process that has failed. */
type Fail = (message: string) => void;

function list(print: (line: string) => void): void {
  for (const { name, what, backend } of allWorkloads) print(`${name.padEnd(10)} ${what} [${backend}]`);
  print('');
  print(usage);
}

async function measureAll(line: CommandLine, print: (line: string) => void, fail: Fail): Promise<void> {
  const chosen = line.workloads.map((workload) => changed(workload, line));
  const peerOptions = (workload: Workload): PeerOptions => ({
    stepScript: line.peerScript ?? defaultStepScript,
    dataScript,
    steps: request(workload, line).steps,
    folders: foldersOf(workload, line),
    device: line.peerDevice,
  });
  if (line.peer) for (const workload of chosen) await checkPeer(workload, peerOptions(workload));
  const results: WorkloadResult[] = [];
  for (const workload of chosen) {
    print(`${workload.name}  ${line.quick ? 'at sizes that mean nothing' : workload.what}`);
    const result = await surviving(fail, () =>
      compare(workload.name, {
        ours: () => runOurs(request(workload, line)),
        peer: line.peer ? () => runPeer(workload, peerOptions(workload)) : undefined,
        stock: line.stock ? () => runOurs({ ...request(workload, line), stock: true }) : undefined,
        rounds: line.rounds ?? (line.peer || line.stock ? 2 : 1),
      }),
    );
    if (!result) continue;
    for (const failure of result.failures ?? []) fail(failure);
    for (const text of resultLines(result)) print(text);
    results.push(result);
    // After each, so that what was measured outlives a failure of the next.
    if (line.json !== undefined) await writeJson(line.json, chosen.length === 1 ? results[0] : results);
  }
}

async function profileAll(
  line: CommandLine,
  file: string | true,
  print: (line: string) => void,
  fail: Fail,
): Promise<void> {
  for (const workload of line.workloads.map((entry) => changed(entry, line))) {
    const traceFile = file === true ? join(root, 'runs', `profile-${workload.name}.json`) : file;
    await mkdir(dirname(traceFile), { recursive: true });
    const summary = await surviving(fail, () =>
      runProfile({ ...request(workload, line), stock: line.stock, steps: line.steps ?? 1, traceFile }),
    );
    if (!summary) continue;
    print(`${workload.name}  ${line.quick ? 'at sizes that mean nothing' : workload.what}`);
    print(profileTable(summary));
    print(`\ntrace for https://ui.perfetto.dev: ${traceFile}\n`);
  }
}

/** What `work` gives; `undefined` where its process fails, which is told. */
async function surviving<Result>(fail: Fail, work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ChildFailure)) throw error;
    fail(error.message);
    return undefined;
  }
}

function changed(workload: Workload, { quick, threads, precision }: CommandLine): Workload {
  const sizes = quick ? workload.quickSizes : workload.sizes;
  return {
    ...workload,
    sizes: sizes.kind === 'step' && precision ? { ...sizes, precision } : sizes,
    ...(threads === undefined ? {} : { threads }),
  };
}

function request(workload: Workload, line: CommandLine): MeasureRequest {
  const { name, sizes, backend, steps, threads } = workload;
  return {
    workload: name,
    sizes,
    backend: line.backend ?? backend,
    steps: line.steps ?? steps,
    ...(threads === undefined ? {} : { threads }),
    folders: foldersOf(workload, line),
  };
}

function foldersOf({ sizes }: Workload, { folders }: CommandLine): readonly string[] {
  if (sizes.kind !== 'data') return [];
  return folders ?? defaultFolders.map((folder) => join(root, folder));
}

async function writeJson(file: string, value: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(value, undefined, 2)}\n`);
}
