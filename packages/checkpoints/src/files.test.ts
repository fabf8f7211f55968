import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ParameterSet, RandomStream } from '@pixcon/core';
import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint, readSafetensors, readWeights, saveParameters, writeCheckpoint } from './files.ts';
import { writeFailure } from './write-failure.ts';
import { writeFileAtomic, writeFilesAtomic } from './write-file-atomic.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pixcon-checkpoints-'));
});
afterEach(() => rm(folder, { recursive: true }));

describe('writeFileAtomic', () => {
  it('replaces a file and leaves nothing beside it', async () => {
    const path = join(folder, 'a.bin');
    await writeFileAtomic(path, Uint8Array.of(1, 2, 3));
    await writeFileAtomic(path, Uint8Array.of(4));
    expect(new Uint8Array(await readFile(path))).toEqual(Uint8Array.of(4));
    expect(await readdir(folder)).toEqual(['a.bin']);
  });

  it('keeps one whole content while many write at once', async () => {
    const path = join(folder, 'a.bin');
    await Promise.all(
      Array.from({ length: 20 }, (_, i) => writeFileAtomic(path, new Uint8Array(10_000).fill(i))),
    );
    const content = await readFile(path);
    expect(content.length).toBe(10_000);
    expect(new Set(content).size).toBe(1);
    expect(await readdir(folder)).toEqual(['a.bin']);
  });

  it('says what failed, and cleans up', async () => {
    await expect(writeFileAtomic(join(folder, 'no', 'a.bin'), new Uint8Array(1))).rejects.toThrow(
      /writeFileAtomic: could not write .*a\.bin: its folder is missing \(ENOENT\); make it$/,
    );
    // A folder cannot be replaced by a file: the rename fails after the temporary file was written.
    await expect(writeFileAtomic(folder, new Uint8Array(1))).rejects.toThrow('could not write');
    expect(await readdir(folder)).toEqual([]);
  });

  it('writes files that belong together, or none of them', async () => {
    const [first, second] = [join(folder, 'weights'), join(folder, 'model.json')];
    await writeFilesAtomic([
      [first, Uint8Array.of(1)],
      [second, Uint8Array.of(1)],
    ]);
    const broken = [
      [first, Uint8Array.of(2)],
      [join(folder, 'no', 'model.json'), Uint8Array.of(2)],
    ] as const;
    await expect(writeFilesAtomic(broken)).rejects.toThrow(/could not write .*no\/model\.json: its folder/);
    expect([...(await readFile(first)), ...(await readFile(second))]).toEqual([1, 1]);
    expect((await readdir(folder)).sort()).toEqual(['model.json', 'weights']);
  });
});

describe('writeFailure', () => {
  it('finds the system’s error below others, and is silent on what is none', () => {
    const system = Object.assign(new Error('EDQUOT: disk quota exceeded, write'), {
      code: 'EDQUOT',
      syscall: 'write',
    });
    const reason = 'the disk quota is used up (EDQUOT)';
    expect(writeFailure(system)?.reason).toBe(reason);
    expect(writeFailure(new Error('outer', { cause: new Error('inner', { cause: system }) }))?.reason).toBe(
      reason,
    );
    expect(writeFailure(Object.assign(system, { code: 'EODD' }))?.reason).toBe(system.message);
    for (const other of [
      new Error('no'),
      Object.assign(new Error('no'), { code: 'data' }),
      'no',
      undefined,
    ]) {
      expect(writeFailure(other)).toBeUndefined();
    }
  });
});

describeBackends(
  'files',
  () => {
    it('hold parameters and checkpoints', async () => {
      const initialize = (_: RandomStream, index: number) => index + 1;
      const set = ParameterSet.create(
        [{ name: 'head.weight', shape: [2, 3], layout: 'linear', role: 'weight', initialize }],
        new RandomStream(0),
      );
      const weights = join(folder, 'weights.safetensors');
      await saveParameters(weights, set, { prefix: 'head', metadata: { architecture: 'none' } });
      const { tensors, metadata } = await readSafetensors(weights);
      expect(metadata).toEqual({ architecture: 'none' });
      expect(tensors.get('weight')).toEqual({
        dtype: 'F32',
        shape: [3, 2],
        data: Float32Array.of(1, 4, 2, 5, 3, 6),
      });
      const path = join(folder, 'checkpoint.safetensors');
      const keys = tf.ones([2, 2]);
      await writeCheckpoint(path, {
        sections: { online: set, queue: new Map([['keys', keys]]) },
        record: { step: 3 },
      });
      const { record, sections } = await readCheckpoint(path);
      expect(record).toEqual({ step: 3 });
      expect(sections.queue?.get('keys')?.data).toEqual(new Float32Array(4).fill(1));
      await expect(readCheckpoint(weights)).rejects.toThrow(
        'weights.safetensors: decodeCheckpoint: expected a file of format',
      );
      keys.dispose();
      set.dispose();
    });
  },
  { backends: ['cpu'] },
);

describe('readSafetensors', () => {
  it('names the file that is missing or damaged', async () => {
    await expect(readSafetensors(join(folder, 'none.safetensors'))).rejects.toThrow(
      /could not read .*none\.safetensors/,
    );
    const path = join(folder, 'cut.safetensors');
    await writeFile(path, Uint8Array.of(1, 2));
    await expect(readSafetensors(path)).rejects.toThrow(
      /could not read .*cut\.safetensors: decodeSafetensors/,
    );
  });
});

describe('readWeights', () => {
  it.each<[string, Uint8Array, string]>([
    ['an empty file', new Uint8Array(), 'got an empty file'],
    ['a text', new TextEncoder().encode('<!doctype html>'), 'got a file of another kind'],
    ['a bare pickle', Uint8Array.of(0x80, 4, 0x4e, 0x2e), 'it holds no dict with tensors'],
    ['a few bytes', Uint8Array.of(1, 2, 3), 'a file of 3 bytes'],
  ])('says that %s holds no weights', async (_, bytes, message) => {
    const path = join(folder, 'a.pth');
    await writeFile(path, bytes);
    await expect(readWeights(path)).rejects.toThrow(message);
    await expect(readWeights(path)).rejects.toThrow(expect.objectContaining({ code: 'checkpoint' }));
  });

  it('says that there is no file, or a folder', async () => {
    await expect(readWeights(join(folder, 'no.pth'))).rejects.toThrow(/no\.pth: there is no such file$/);
    await expect(readWeights(folder)).rejects.toThrow('it is a folder, expected a file');
  });
});
