import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCommand } from '../src/command.ts';
import { parseCommandLine } from '../src/command-line.ts';

async function run(...given: string[]) {
  const printed: string[] = [];
  const complaints: string[] = [];
  const code = await runCommand(
    given,
    (line) => printed.push(line),
    (line) => complaints.push(line),
  );
  return { code, printed: printed.join('\n'), complaints };
}

describe('parseCommandLine', () => {
  it('takes names and flags in any order', () => {
    const line = parseCommandLine([
      '--peer',
      'loss',
      '--steps',
      '3',
      'step-r18',
      '--rounds=4',
      '--json',
      'out.json',
    ]);
    expect(line.workloads.map(({ name }) => name)).toEqual(['step-r18', 'loss']);
    expect(line).toMatchObject({
      peer: true,
      steps: 3,
      rounds: 4,
      json: resolve('out.json'),
      profile: false,
    });
  });

  it('takes stock kernels and threads', () => {
    expect(parseCommandLine(['wasm-r18', '--stock', '--threads', '2'])).toMatchObject({
      stock: true,
      threads: 2,
    });
    expect(parseCommandLine(['loss', '--backend', 'wasm', '--stock']).stock).toBe(true);
    expect(parseCommandLine(['wasm-r18'])).toMatchObject({ stock: false, threads: undefined });
  });

  it('gives all workloads, each once', () => {
    const { workloads } = parseCommandLine(['all', 'loss']);
    expect(workloads.map(({ name }) => name)).toEqual(['step-r50', 'step-r18', 'loss', 'data', 'wasm-r18']);
  });

  it.each([
    [['--profile', 'loss'], true],
    [['loss', '--profile'], true],
    [['--profile', 'x.json', 'loss'], resolve('x.json')],
    [['loss', '--profile=x.json', '--steps', '2'], resolve('x.json')],
  ])('%j', (given, expected) => {
    const { workloads, profile } = parseCommandLine(given);
    expect(workloads.map(({ name }) => name)).toEqual(['loss']);
    expect(profile).toBe(expected);
  });

  it('collects folders', () => {
    expect(parseCommandLine(['data', '--data', 'a', '--data', 'b']).folders).toEqual([
      resolve('a'),
      resolve('b'),
    ]);
    expect(parseCommandLine(['data']).folders).toBeUndefined();
  });
});

describe('a mistake', () => {
  it.each([
    [[], /name a workload/],
    [['step-r19'], /no workload named step-r19; take one of all, step-r50/],
    [['loss', '--fast'], /'--fast'/],
    [['loss', '--backend', 'tpu'], /--backend must be one of .*wasm.*got tpu/],
    [
      ['loss', '--precision', 'mixed', '--backend', 'webgpu'],
      /of training steps on webgpu, and loss is none; leave it out/,
    ],
    [['step-r18', '--precision', 'mixed'], /step-r18 is one on tensorflow; add --backend webgpu/],
    [['step-r18', '--precision', 'half'], /--precision must be one of full, mixed/],
    [
      ['data', '--peer', '--peer-device', 'cuda'],
      /--peer-device is of steps and losses, and data has neither/,
    ],
    [['step-r18', '--peer-device', 'cuda'], /--peer-device is of the peer; add --peer/],
    [['loss', '--stock'], /--stock .* wasm and webgpu, and loss runs on tensorflow; add --backend wasm/],
    [['wasm-r18', '--threads', '0'], /--threads must be a whole number of at least 1, got 0/],
    [['loss', '--steps', '0'], /--steps must be a whole number of at least 1, got 0/],
    [['loss', '--rounds', 'two'], /--rounds must be/],
    [['loss', '--steps', ''], /--steps must be/],
    [['pointwise', '--peer'], /pointwise takes --quick only; leave --peer out/],
    [['memory', '--steps', '2'], /memory takes --backend and --quick only; leave --steps out/],
    [['loss', '--profile', '--peer'], /--profile.*--peer/],
    [['all', '--profile', 'x.json'], /one workload/],
    [['loss', '--peer', '--peer-script', '/nowhere/step.py'], /\/nowhere\/step\.py, which does not exist/],
  ] as [string[], RegExp][])('%j is told in one sentence, with exit code 1', async (given, sentence) => {
    const { code, printed, complaints } = await run(...given);
    expect(code).toBe(1);
    expect(printed).toBe('');
    expect(complaints).toHaveLength(1);
    expect(complaints[0]).toMatch(/^bench: (?!bench)/);
    expect(complaints[0]).toMatch(sentence);
    expect(complaints[0]).not.toMatch(/\n/);
  });

  it('of a child is told too', async () => {
    const { code, complaints } = await run('data', '--quick', '--data', '/nowhere', '--backend', 'cpu');
    expect(code).toBe(1);
    expect(complaints).toEqual([
      'bench: data ended with exit code 1: imageFolder: expected a folder of images, but /nowhere does not exist',
    ]);
  });
});

it.each(['--list', '--help', '-h'])('%s shows every workload and how to run one', async (flag) => {
  const { code, printed } = await run(flag);
  expect(code).toBe(0);
  for (const name of ['step-r50', 'step-r18', 'loss', 'data', 'wasm-r18']) expect(printed).toContain(name);
  expect(printed).toContain('usage: npm run bench');
});
