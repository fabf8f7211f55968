import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { StepLog } from './step-log.ts';

const facts = (step: number) => ({ step, names: [`${step}a.jpg`, `${step}b.jpg`], queueFilled: 4 * step });

describeBackends('StepLog', () => {
  it('fetches each step once, in order, whatever its scalars are', async () => {
    const before = tf.memory().numTensors;
    const log = new StepLog();
    log.add(facts(3), { loss: tf.scalar(1.5), dense: tf.scalar(0.5) });
    log.add(facts(4), { loss: tf.scalar(2), count: tf.scalar(7, 'int32') });
    expect(await log.fetch()).toEqual({
      steps: [
        { ...facts(3), values: { loss: 1.5, dense: 0.5 } },
        { ...facts(4), values: { loss: 2, count: 7 } },
      ],
    });
    expect(await log.fetch()).toEqual({ steps: [] });
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'gives the steps before %d and names the first bad one',
    async (bad) => {
      const log = new StepLog();
      log.add(facts(0), { loss: tf.scalar(1) });
      log.add(facts(1), { loss: tf.scalar(1), featureDeviation: tf.scalar(bad) });
      log.add(facts(2), { loss: tf.scalar(bad) });
      const { steps, failure } = await log.fetch();
      expect(steps.map(({ step }) => step)).toEqual([0]);
      expect(failure).toMatchObject({
        code: 'numerical',
        message: `pretrain: featureDeviation became ${bad} at step 1; lower the learning rate, or look at the images of that batch: 1a.jpg, 1b.jpg`,
      });
    },
  );

  it('frees what was not fetched', () => {
    const before = tf.memory().numTensors;
    const log = new StepLog();
    log.add(facts(0), { loss: tf.scalar(1) });
    log.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
