import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { uninterrupted } from './uninterrupted.ts';

describe('uninterrupted', () => {
  it('finishes the work, and then ends with the exit code of the signal', async () => {
    const codes: number[] = [];
    const before = process.listenerCount('SIGINT');
    const work = async () => {
      process.emit('SIGINT');
      await setImmediate();
      expect(codes).toEqual([]);
      return 'written';
    };
    expect(await uninterrupted(work, (code) => codes.push(code))).toBe('written');
    expect(codes).toEqual([130]);
    expect(process.listenerCount('SIGINT')).toBe(before);
  });

  it('passes on what the work gives or throws when no signal comes', async () => {
    const never = () => expect.fail('ended the process');
    expect(await uninterrupted(() => Promise.resolve(1), never)).toBe(1);
    await expect(uninterrupted(() => Promise.reject(new Error('full')), never)).rejects.toThrow('full');
  });
});
