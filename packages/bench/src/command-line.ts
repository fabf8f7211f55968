import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type BackendName, backendNames } from '@pixcon/backend';
import { assertOneOf, PixconError, type Precision, precisions } from '@pixcon/core';
import { findWorkloads } from './workloads/table.ts';
import type { Workload } from './workloads/workload.ts';

export const usage =
  'usage: npm run bench -- NAME… [--backend NAME] [--precision NAME] [--peer] [--peer-device NAME] [--stock] [--peer-script FILE] [--data DIR]… [--json FILE] [--threads N] [--steps N] [--rounds N] [--quick]\n' +
  '       npm run bench -- NAME… --profile [FILE.json] [--steps N] [--precision NAME] …\n' +
  '       npm run bench -- memory [--backend NAME]\n' +
  '       npm run bench -- pointwise [--quick]\n' +
  '       npm run bench -- --list';

/** Tables, with the flags that they take. */
const tables = { memory: ['backend', 'quick'], pointwise: ['quick'] } as const;

export type Table = keyof typeof tables;

export interface CommandLine {
  /** Print the workloads and the usage, and nothing else. */
  readonly list: boolean;
  /** A table of this, and nothing else. */
  readonly table: Table | undefined;
  readonly workloads: readonly Workload[];
  readonly backend: BackendName | undefined;
  /** Of steps' backbones; the peer then runs with automatic mixed precision. */
  readonly precision: Precision | undefined;
  readonly peer: boolean;
  /** PyTorch's name of the device that the peer runs on. */
  readonly peerDevice: string | undefined;
  /** Stock kernels too; with a profile, instead. */
  readonly stock: boolean;
  readonly peerScript: string | undefined;
  readonly folders: readonly string[] | undefined;
  readonly json: string | undefined;
  /** `true` stands for the default file. */
  readonly profile: string | boolean;
  readonly threads: number | undefined;
  readonly steps: number | undefined;
  readonly rounds: number | undefined;
  readonly quick: boolean;
}

/**
 * Reads the arguments of the command.
 *
 * @throws PixconError `invalid-argument` for an unknown name or flag, or flags that do not go together
 */
export function parseCommandLine(given: readonly string[]): CommandLine {
  const { rest, profile } = takeProfile(given);
  const { values, positionals } = parse(rest);
  const table = positionals.length === 1 && isTable(positionals[0]) ? positionals[0] : undefined;
  if (positionals.length === 0 && !values.list && !values.help)
    throw new PixconError('invalid-argument', `name a workload, or all; ${listHint}`);
  if (values.backend !== undefined) assertOneOf('bench', '--backend', values.backend, backendNames);
  if (values.precision !== undefined) assertOneOf('bench', '--precision', values.precision, precisions);
  if (profile !== false) {
    const useless = (['peer', 'json', 'rounds'] as const).find((name) => values[name] !== undefined);
    if (useless) {
      throw new PixconError(
        'invalid-argument',
        `--profile measures nothing that --${useless} could use; leave one out`,
      );
    }
  }
  const workloads = table ? [] : findWorkloads(positionals);
  if (table) {
    const taken: readonly string[] = tables[table];
    const useless = Object.keys(values).find((name) => !taken.includes(name));
    if (useless || profile !== false) {
      throw new PixconError(
        'invalid-argument',
        `${table} takes ${taken.map((name) => `--${name}`).join(' and ')} only; leave --${useless ?? 'profile'} out`,
      );
    }
  }
  if (values.stock) {
    const other = workloads.find(({ backend }) => !['wasm', 'webgpu'].includes(values.backend ?? backend));
    if (other) {
      throw new PixconError(
        'invalid-argument',
        `--stock compares with the stock kernels of wasm and webgpu, and ${other.name} runs on ${values.backend ?? other.backend}; add --backend wasm, or leave --stock out`,
      );
    }
  }
  if (values['peer-device'] !== undefined && !values.peer) {
    throw new PixconError('invalid-argument', '--peer-device is of the peer; add --peer, or leave it out');
  }
  if (values['peer-device'] !== undefined && workloads.some(({ sizes }) => sizes.kind === 'data')) {
    throw new PixconError(
      'invalid-argument',
      '--peer-device is of steps and losses, and data has neither; leave one out',
    );
  }
  if (values.precision === 'mixed') {
    const other = workloads.find(
      ({ sizes, backend }) => sizes.kind !== 'step' || (values.backend ?? backend) !== 'webgpu',
    );
    if (other) {
      throw new PixconError(
        'invalid-argument',
        `--precision mixed is of training steps on webgpu, and ${other.name} is ${other.sizes.kind === 'step' ? `one on ${values.backend ?? other.backend}; add --backend webgpu` : 'none; leave it out'}`,
      );
    }
  }
  if (typeof profile === 'string' && workloads.length > 1) {
    throw new PixconError(
      'invalid-argument',
      '--profile FILE takes the trace of one workload; name one, or leave FILE out',
    );
  }
  const path = (value: string | undefined) => (value === undefined ? undefined : resolve(value));
  return {
    list: values.list ?? values.help ?? false,
    table,
    workloads,
    backend: values.backend,
    precision: values.precision as Precision | undefined,
    peer: values.peer ?? false,
    peerDevice: values['peer-device'],
    stock: values.stock ?? false,
    peerScript: path(values['peer-script']),
    folders: values.data?.map((folder) => resolve(folder)),
    json: path(values.json),
    profile: typeof profile === 'string' ? resolve(profile) : profile,
    threads: whole('--threads', values.threads),
    steps: whole('--steps', values.steps),
    rounds: whole('--rounds', values.rounds),
    quick: values.quick ?? false,
  };
}

function isTable(name: string | undefined): name is Table {
  return name !== undefined && Object.hasOwn(tables, name);
}

const listHint = '--list shows them';

function parse(given: readonly string[]) {
  try {
    return parseArgs({
      args: [...given],
      allowPositionals: true,
      options: {
        list: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
        backend: { type: 'string' },
        precision: { type: 'string' },
        peer: { type: 'boolean' },
        'peer-device': { type: 'string' },
        stock: { type: 'boolean' },
        'peer-script': { type: 'string' },
        data: { type: 'string', multiple: true },
        json: { type: 'string' },
        threads: { type: 'string' },
        steps: { type: 'string' },
        rounds: { type: 'string' },
        quick: { type: 'boolean' },
      },
    });
  } catch (error) {
    // Its messages go on with hints about other spellings.
    const [sentence] = (error as Error).message.split('. ');
    throw new PixconError('invalid-argument', sentence as string, { cause: error });
  }
}

/** `--profile` takes a value only where the next argument is a JSON file, so that it can stand before a name. */
function takeProfile(given: readonly string[]): { rest: readonly string[]; profile: string | boolean } {
  const at = given.findIndex((argument) => argument === '--profile' || argument.startsWith('--profile='));
  if (at < 0) return { rest: given, profile: false };
  const [, inline] = (given[at] as string).split(/=(.*)/s);
  const next = given[at + 1];
  const file = inline ?? (next?.endsWith('.json') && !next.startsWith('-') ? next : undefined);
  const taken = inline === undefined && file !== undefined ? 2 : 1;
  return { rest: [...given.slice(0, at), ...given.slice(at + taken)], profile: file || true };
}

function whole(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (Number.isInteger(number) && number >= 1) return number;
  throw new PixconError('invalid-argument', `${name} must be a whole number of at least 1, got ${value}`);
}
