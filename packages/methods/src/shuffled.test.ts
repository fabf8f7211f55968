import { RandomStream } from '@pixcon/core';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { assertSplits, encodeShuffled } from './shuffled.ts';

extendExpect();

describeBackends('encodeShuffled', () => {
  it('shows the images in another order, and gives their keys in their own', async () => {
    const images = tf.reshape(tf.range(0, 8), [8, 1, 1, 1]) as tf.Tensor4D;
    await expectNoLeaks(async () => {
      let order: tf.Tensor = images;
      const { image, cells } = tf.tidy(() =>
        encodeShuffled(images, { splits: 2, random: new RandomStream(3) }, (shuffled) => {
          order = tf.keep(tf.clone(shuffled));
          return { image: tf.reshape(shuffled, [8, 1]), cells: tf.mul(tf.tile(shuffled, [1, 2, 1, 1]), 10) };
        }),
      );
      const seen = [...(await order.data())];
      expect(seen).not.toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect([...seen].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(await image.data()).toBeAllClose([0, 1, 2, 3, 4, 5, 6, 7]);
      expect(await cells.data()).toBeAllClose([0, 0, 10, 10, 20, 20, 30, 30, 40, 40, 50, 50, 60, 60, 70, 70]);
      tf.dispose([order, image, cells]);
    });
    images.dispose();
  });

  it('leaves the order of one split', () => {
    const images = tf.zeros<tf.Rank.R4>([4, 1, 1, 1]);
    const keys = encodeShuffled(images, { splits: 1, random: new RandomStream(3) }, (seen) => ({ seen }));
    expect(keys.seen).toBe(images);
    images.dispose();
  });
});

describe('assertSplits', () => {
  it('wants splits that divide the batch', () => {
    assertSplits('f', 8, { batchSize: 16 });
    expect(() => assertSplits('f', 8, { batchSize: 12 })).toThrow(
      'f: splits must divide the batch of 12 images, got 8; use another batch size, or splits: 1',
    );
  });
});
