import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
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

describe('a workload that dies', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pixcon-bench-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  /** Every process that is to run `workload` ends itself before. */
  function killing(workload: string, signal: NodeJS.Signals): void {
    const script = join(folder, 'die.cjs');
    writeFileSync(
      script,
      `if (process.argv[2]?.includes('"workload":"${workload}"')) process.kill(process.pid, '${signal}');`,
    );
    vi.stubEnv('NODE_OPTIONS', `--require=${script}`);
  }

  it('is one line with the signal, and the others go on', async () => {
    killing('step-r18', 'SIGFPE');
    const json = join(folder, 'out.json');
    const { code, printed, complaints } = await run(
      ...['step-r18', 'loss', '--quick', '--backend', 'cpu', '--steps', '1', '--json', json],
    );
    expect(code).toBe(1);
    expect(complaints).toEqual(['bench: step-r18 was killed by SIGFPE']);
    expect(printed).toMatch(/^step-r18 .*\nloss .*\n {2}ours .* s\/step/);
    expect(JSON.parse(readFileSync(json, 'utf8'))).toMatchObject([{ workload: 'loss' }]);
  });

  it('leaves the rest of a table of memory', async () => {
    killing('memory', 'SIGKILL');
    const { code, printed, complaints } = await run('memory', '--quick', '--backend', 'cpu');
    expect(code).toBe(1);
    expect(complaints).toHaveLength(4);
    expect(complaints[0]).toBe('bench: resnet10, 64 px, 8, plain: memory was killed by SIGKILL');
    expect(printed).toContain('| resnet10, 64 px, 8 | failed | failed | failed | failed |');
  });
});

it.each(['--list', '--help', '-h'])('%s shows every workload and how to run one', async (flag) => {
  const { code, printed } = await run(flag);
  expect(code).toBe(0);
  for (const name of ['step-r50', 'step-r18', 'loss', 'data', 'wasm-r18']) expect(printed).toContain(name);
  expect(printed).toContain('usage: npm run bench');
});
