import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { standIn } from '../../test/stand-in.ts';
import { filesUnder, useTemporaryFolder } from '../../test/temporary-folder.ts';
import type { TrialResult } from './run-trial.ts';
import { tryTensorflow } from './try-tensorflow.ts';

const folder = useTemporaryFolder();
beforeEach(() => {
  vi.stubEnv('PIXCON_HOME', join(folder.path, 'home'));
  vi.stubEnv('TF_ENABLE_ONEDNN_OPTS', undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const well: TrialResult = { died: false };
const dead = (how: string, lasting = true): TrialResult => ({
  died: true,
  how,
  during: 'a product',
  lasting,
});

/** Trials that end so with oneDNN and so without it. */
function trials(withOneDnn: TrialResult | undefined, without: TrialResult | undefined = well) {
  return vi.fn((_: unknown, settings: Readonly<Record<string, string>>) => {
    const value = { ...process.env, ...settings }.TF_ENABLE_ONEDNN_OPTS;
    return Promise.resolve(value === '0' ? without : withOneDnn);
  });
}

/** A module that has forgotten what it knew, as one of a new process. */
async function inNewProcess(): Promise<typeof tryTensorflow> {
  vi.resetModules();
  return (await import('./try-tensorflow.ts')).tryTensorflow;
}

const died = (how: string) => `its trial on this processor \\(.+\\) ended ${how} in a product`;

describe('tryTensorflow', () => {
  it('has nothing to say where all is well', async () => {
    const run = trials(well);
    expect(await tryTensorflow(standIn(folder), { run })).toEqual({});
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('turns oneDNN off where that is what dies, and remembers it until the library changes', async () => {
    const run = trials(dead('by SIGFPE'));
    const installation = standIn(folder);
    const [first, beside] = await Promise.all([
      tryTensorflow(installation, { run }),
      tryTensorflow(installation, { run }),
    ]);
    expect(first).toEqual({
      settings: { TF_ENABLE_ONEDNN_OPTS: '0' },
      remark: expect.stringMatching(`^without oneDNN: ${died('by SIGFPE')}$`),
    });
    expect(beside).toEqual(first);
    expect(run).toHaveBeenCalledTimes(2);
    const files = filesUnder(join(folder.path, 'home'));
    expect(files).toHaveLength(2);
    for (const name of files) expect(name).toMatch(/^trials\/[0-9a-f]{16}\.json$/);
    expect(await (await inNewProcess())(installation, { run })).toEqual(first);
    expect(run).toHaveBeenCalledTimes(2);

    utimesSync(join(installation.directory, 'lib/napi-v8/tfjs_binding.node'), 1, 1);
    await tryTensorflow(installation, { run });
    expect(run).toHaveBeenCalledTimes(4);
    await tryTensorflow(standIn(folder, '', '4.23.0'), { run });
    expect(run).toHaveBeenCalledTimes(6);
    vi.stubEnv('ONEDNN_MAX_CPU_ISA', 'AVX2');
    await tryTensorflow(installation, { run });
    expect(run).toHaveBeenCalledTimes(8);
    await tryTensorflow(installation, { run, again: true });
    expect(run).toHaveBeenCalledTimes(10);
  });

  it('knows what it found without oneDNN in a child, which inherits that setting', async () => {
    const run = trials(dead('by SIGFPE'));
    const installation = standIn(folder);
    await tryTensorflow(installation, { run });
    vi.stubEnv('TF_ENABLE_ONEDNN_OPTS', '0');
    expect(await (await inNewProcess())(installation, { run })).toEqual({
      remark: 'without oneDNN, as TF_ENABLE_ONEDNN_OPTS=0 says',
    });
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('passes over what dies both ways, and says of what', async () => {
    const run = trials(dead('by SIGILL'), dead('after 60 seconds without an answer'));
    expect(await tryTensorflow(standIn(folder), { run })).toEqual({
      obstacle: {
        reason: expect.stringMatching(
          `^${died('by SIGILL')}, without oneDNN after 60 seconds without an answer in a product$`,
        ),
        remedy: 'set PIXCON_TRIAL=0, which starts it all the same',
      },
    });
  });

  it('leaves what the user has set, and says so', async () => {
    vi.stubEnv('TF_ENABLE_ONEDNN_OPTS', '1');
    const run = trials(dead('by SIGFPE'));
    expect(await tryTensorflow(standIn(folder), { run })).toEqual({
      obstacle: {
        reason: expect.stringMatching(`^${died('by SIGFPE')}, with TF_ENABLE_ONEDNN_OPTS=1$`),
        remedy: 'unset TF_ENABLE_ONEDNN_OPTS, or set PIXCON_TRIAL=0, which starts it all the same',
      },
    });
    expect(run).toHaveBeenCalledTimes(1);
  });

  it('tries again what may have been ended from outside', async () => {
    const run = trials(dead('by SIGKILL', false));
    const installation = standIn(folder);
    expect(await tryTensorflow(installation, { run })).toMatchObject({
      settings: { TF_ENABLE_ONEDNN_OPTS: '0' },
    });
    await (await inNewProcess())(installation, { run });
    expect(run).toHaveBeenCalledTimes(3);
  });

  it('goes on as without a trial where none can be held, and remembers nothing', async () => {
    const run = trials(undefined, undefined);
    expect(await tryTensorflow(standIn(folder), { run })).toEqual({});
    expect(await tryTensorflow({ ...standIn(folder), directory: '/nowhere' }, { run })).toEqual({});
    await (await inNewProcess())(standIn(folder), { run });
    expect(run).toHaveBeenCalledTimes(2);
  });

  it('holds none where that is asked for', async () => {
    vi.stubEnv('PIXCON_TRIAL', '0');
    const run = trials(dead('by SIGFPE'));
    expect(await tryTensorflow(standIn(folder), { run })).toEqual({});
    expect(run).not.toHaveBeenCalled();
  });

  it('needs no folder that it can write, and holds a verdict of half a file for none', async () => {
    const run = trials(dead('by SIGFPE'));
    const installation = standIn(folder);
    const home = join(folder.path, 'home');
    writeFileSync(home, 'a file');
    expect(await tryTensorflow(installation, { run })).toMatchObject({
      settings: { TF_ENABLE_ONEDNN_OPTS: '0' },
    });
    expect(readFileSync(home, 'utf8')).toBe('a file');
    rmSync(home);
    await tryTensorflow(installation, { run, again: true });
    for (const name of readdirSync(join(home, 'trials'))) {
      writeFileSync(join(home, 'trials', name), '{"key":');
    }
    expect(await (await inNewProcess())(installation, { run })).toMatchObject({
      settings: { TF_ENABLE_ONEDNN_OPTS: '0' },
    });
    expect(run).toHaveBeenCalledTimes(6);
  });
});
