import { RandomStream } from '@pixcon/core';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { keyQueue } from '../src/index.ts';

extendExpect();

/** Keys that say when they came: key n is [n, −n]. */
const numbered = (from: number, count: number) =>
  tf.tensor2d(
    Float32Array.from({ length: 2 * count }, (_, i) => (from + (i >> 1)) * (i % 2 ? -1 : 1)),
    [count, 2],
  );

const firstColumn = async (keys: tf.Tensor2D) => [...(await keys.data())].filter((_, i) => i % 2 === 0);

describeBackends('keyQueue', () => {
  it('starts with unit vectors in all directions (lightly’s un-normalised bank)', async () => {
    const queue = keyQueue({ length: 500, dim: 16, random: new RandomStream(1) });
    await expect(tf.norm(queue.keys, 2, 1)).toBeAllClose(new Float32Array(500).fill(1));
    // Uniform on the sphere: the mean vector is short, about 1/√500.
    expect((await tf.norm(tf.mean(queue.keys, 0)).data())[0]).toBeLessThan(0.1);
    expect([queue.keys.shape, queue.pointer, queue.filled]).toEqual([[500, 16], 0, 0]);
    const again = keyQueue({ length: 500, dim: 16, random: new RandomStream(1) });
    expect(await again.keys.data()).toEqual(await queue.keys.data());
    queue.dispose();
    again.dispose();
  });

  it.each([1, 2, 3, 5, 7])('drops the oldest keys first, around the end, %i at a time', async (count) => {
    const length = 7;
    const queue = keyQueue({ length, dim: 2, random: new RandomStream(2) });
    const initial = await firstColumn(queue.keys);
    const rows = [...initial];
    for (let step = 0; step < 12; step++) {
      const keys = numbered(1 + step * count, count);
      queue.enqueue(keys);
      for (let i = 0; i < count; i++) rows[(step * count + i) % length] = 1 + step * count + i;
      expect(await firstColumn(queue.keys)).toEqual(rows);
      expect(queue.pointer).toBe(((step + 1) * count) % length);
      expect(queue.filled).toBe(Math.min(length, (step + 1) * count));
      keys.dispose();
    }
    const newest = 12 * count;
    expect((await firstColumn(queue.keys)).sort((a, b) => a - b)).toEqual(
      Array.from({ length }, (_, i) => newest - length + 1 + i),
    );
    queue.dispose();
  });

  it('takes batches of changing size as if keys came one by one', async () => {
    const [whole, single] = [1, 2].map(() => keyQueue({ length: 5, dim: 2, random: new RandomStream(3) }));
    let next = 1;
    for (const count of [2, 5, 1, 4, 0, 3, 5]) {
      whole?.enqueue(numbered(next, count));
      for (let i = 0; i < count; i++) single?.enqueue(numbered(next + i, 1));
      next += count;
    }
    expect(await whole?.keys.data()).toEqual(await single?.keys.data());
    expect(whole?.pointer).toBe(single?.pointer);
  });

  it('goes on from restored content', async () => {
    const [a, b] = [
      keyQueue({ length: 5, dim: 2, random: new RandomStream(4) }),
      keyQueue({ length: 5, dim: 2, random: new RandomStream(5) }),
    ];
    a.enqueue(numbered(1, 3));
    const keys = tf.clone(a.keys);
    b.restore({ keys, pointer: a.pointer, filled: a.filled });
    keys.dispose();
    for (const queue of [a, b]) queue.enqueue(numbered(10, 4));
    expect(await b.keys.data()).toEqual(await a.keys.data());
    expect([b.pointer, b.filled]).toEqual([2, 5]);
  });

  it('leaks nothing and leaves keys to the caller', async () => {
    const keys = numbered(1, 3);
    expectNoLeaks(() => {
      const queue = keyQueue({ length: 4, dim: 2, random: new RandomStream(6) });
      for (let i = 0; i < 5; i++) queue.enqueue(keys);
      const content = tf.clone(queue.keys);
      queue.restore({ keys: content, pointer: 1, filled: 2 });
      content.dispose();
      queue.dispose();
    });
    expect(await firstColumn(keys)).toEqual([1, 2, 3]);
    keys.dispose();
  });

  it('names the mistake', () => {
    const random = new RandomStream(7);
    const queue = keyQueue({ length: 4, dim: 2, random });
    expect(() => queue.enqueue(numbered(1, 5))).toThrow("at most the queue's length of 4, got 5");
    expect(() => queue.enqueue(tf.zeros([2, 3]))).toThrow('keys must have shape [any, 2], got [2, 3]');
    expect(() => queue.restore({ keys: tf.zeros([3, 2]), pointer: 0, filled: 0 })).toThrow(
      'must have shape [4, 2]',
    );
    expect(() => queue.restore({ keys: tf.zeros([4, 2]), pointer: 4, filled: 0 })).toThrow('pointer must be');
    expect(() => queue.restore({ keys: tf.zeros([4, 2]), pointer: 0, filled: 5 })).toThrow('filled must be');
    expect([queue.pointer, queue.filled]).toEqual([0, 0]);
    expect(() => keyQueue({ length: 0, random })).toThrow('length must be a whole number of at least 1');
    expect(() => keyQueue({ length: 4, dim: 1.5, random })).toThrow('dim must be');
    expect(keyQueue({ length: 2, random }).dim).toBe(128);
  });
});
