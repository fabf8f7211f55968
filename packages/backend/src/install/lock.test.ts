import { existsSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useTemporaryFolder } from '../../test/temporary-folder.ts';
import { withLock } from './lock.ts';

const folder = useTemporaryFolder();

describe('withLock', () => {
  it('lets one in at a time', async () => {
    const lock = join(folder.path, 'lock');
    let inside = 0;
    let most = 0;
    const waits: number[] = [];
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 50));
      inside--;
      return 'done';
    };
    const onWait = (processId: number) => waits.push(processId);
    const results = await Promise.all([withLock(lock, onWait, work), withLock(lock, onWait, work)]);
    expect(results).toEqual(['done', 'done']);
    expect(most).toBe(1);
    expect(waits).toEqual([process.pid]);
    expect(existsSync(lock)).toBe(false);
  });

  it('waits for a process of another machine, unless that has taken an hour', async () => {
    const lock = join(folder.path, 'lock');
    folder.put('lock/pid', '2147483646 elsewhere token');
    let waited = 0;
    const done = withLock(
      lock,
      () => waited++,
      async () => 'done',
    );
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect([waited, existsSync(lock)]).toEqual([1, true]);
    const old = new Date(Date.now() - 3_700_000);
    utimesSync(lock, old, old);
    expect(await done).toBe('done');
  });

  it('takes over from a dead process, and opens after a failure', async () => {
    const lock = join(folder.path, 'lock');
    // Larger than any process id that Linux or macOS gives.
    folder.put('lock/pid', '2147483646');
    const failing = () => Promise.reject(new Error('inside'));
    await expect(withLock(lock, () => undefined, failing)).rejects.toThrow('inside');
    expect(existsSync(lock)).toBe(false);
  });
});
