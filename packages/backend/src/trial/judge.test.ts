import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type HoldTrial, judge, type Part } from './judge.ts';
import type { TrialResult } from './run-trial.ts';

const parts: readonly Part[] = [
  { name: 'oneDNN', variable: 'TF_ENABLE_ONEDNN_OPTS' },
  { name: 'the kernels of pixcon', variable: 'PIXCON_NATIVE_KERNELS' },
];
beforeEach(() => {
  for (const { variable } of parts) vi.stubEnv(variable, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

const dead = (how: string): TrialResult => ({ died: true, how, during: 'a product', lasting: true });

/** Results by the settings of a trial, as text. */
function holding(results: Readonly<Record<string, TrialResult>>): HoldTrial {
  return (settings) => Promise.resolve(results[Object.entries(settings).join().replace(',', '=')]);
}

describe('judge', () => {
  it('leaves out the first part without which all is well', async () => {
    const hold = holding({
      '': dead('by SIGFPE'),
      'TF_ENABLE_ONEDNN_OPTS=0': dead('by SIGILL'),
      'PIXCON_NATIVE_KERNELS=0': { died: false },
    });
    expect(await judge(hold, parts, 'this machine')).toEqual({
      settings: { PIXCON_NATIVE_KERNELS: '0' },
      remark: 'without the kernels of pixcon: its trial on this machine ended by SIGFPE in a product',
    });
  });

  it('tells all that was tried where nothing helps', async () => {
    const hold = holding({
      '': dead('by SIGFPE'),
      'TF_ENABLE_ONEDNN_OPTS=0': dead('by SIGILL'),
      'PIXCON_NATIVE_KERNELS=0': dead('by SIGBUS'),
    });
    expect((await judge(hold, parts, 'this machine')).obstacle?.reason).toBe(
      'its trial on this machine ended by SIGFPE in a product, without oneDNN by SIGILL in a product, without the kernels of pixcon by SIGBUS in a product',
    );
  });

  it('hands on what a trial told of itself, or which part is left out by hand', async () => {
    const hold = holding({ '': { died: false, remark: 'with oneDNN' } });
    expect(await judge(hold, parts, 'this machine')).toEqual({ remark: 'with oneDNN' });
    vi.stubEnv('PIXCON_NATIVE_KERNELS', '0');
    expect(await judge(hold, parts, 'this machine')).toEqual({
      remark: 'without the kernels of pixcon, as PIXCON_NATIVE_KERNELS=0 says',
    });
  });

  it('does not touch what is set', async () => {
    vi.stubEnv('TF_ENABLE_ONEDNN_OPTS', '1');
    const hold = holding({ '': dead('by SIGFPE'), 'PIXCON_NATIVE_KERNELS=0': dead('by SIGFPE') });
    expect(await judge(hold, parts, 'this machine')).toEqual({
      obstacle: {
        reason:
          'its trial on this machine ended by SIGFPE in a product, without the kernels of pixcon by SIGFPE in a product, with TF_ENABLE_ONEDNN_OPTS=1',
        remedy: 'unset TF_ENABLE_ONEDNN_OPTS, or set PIXCON_TRIAL=0, which starts it all the same',
      },
    });
  });
});
