import { describeBackends, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import {
  batchNormalization,
  convolution,
  exponentialMovingAverages,
  globalAveragePool,
  l2Normalize,
  linear,
  maxPool,
  ringWrite,
  sgdUpdates,
  streamingInfoNce,
  valueAndGradients,
} from '../../index.ts';

extendExpect();

const random = (shape: number[], seed: number) =>
  tf.tidy(() => tf.variable(tf.randomNormal(shape, 0, 0.3, 'float32', seed)));

describeBackends(
  'GPU memory',
  () => {
    it('stays the same over 200 steps of a small network', async () => {
      const online = new Map<string, tf.Variable>([
        ['filter', random([3, 3, 3, 8], 1)],
        ['scale', random([8], 2)],
        ['offset', random([8], 3)],
        ['weight', random([8, 6], 4)],
        ['bias', random([6], 5)],
      ]);
      const target = new Map([...online].map(([name, { shape }], i) => [name, random(shape, 10 + i)]));
      const running = {
        runningMean: random([8], 20),
        runningVariance: tf.tidy(() => tf.variable(tf.ones([8]))),
      };
      const queue = random([40, 6], 21);
      const images = random([2, 8, 8, 3], 22) as unknown as tf.Tensor4D;
      const get = (set: Map<string, tf.Variable>, name: string) => set.get(name) as unknown as never;
      const embed = (set: Map<string, tf.Variable>): tf.Tensor2D => {
        const maps = convolution(images, get(set, 'filter'), { padding: 1 });
        const affine = { scale: get(set, 'scale'), offset: get(set, 'offset') };
        const normalized = batchNormalization(
          maps,
          { ...affine, ...running },
          { training: true, relu: true },
        );
        const pooled = globalAveragePool(maxPool(normalized, { size: 3, stride: 2, padding: 1 }));
        return l2Normalize(linear(pooled, get(set, 'weight'), get(set, 'bias')));
      };
      let velocities: (tf.Variable | undefined)[] = [...online].map(() => undefined);
      const step = (index: number): tf.Scalar => {
        const keys = tf.tidy(() => embed(target));
        const loss = () =>
          tf.sum(
            streamingInfoNce(embed(online), keys, queue as unknown as tf.Tensor2D, { temperature: 0.2 }),
          ) as tf.Scalar;
        const { value, gradients } = valueAndGradients(loss, online);
        const parameters = [...online].map(([name, variable], i) => ({
          variable,
          velocity: velocities[i],
          gradient: gradients.get(name) as tf.Tensor,
        }));
        // Another rate at every step, as schedules have.
        velocities = sgdUpdates(parameters, { learningRate: 0.01 / (1 + index), momentum: 0.9 });
        exponentialMovingAverages(
          [...online].map(([name, variable]) => ({
            target: target.get(name) as tf.Variable,
            online: variable,
          })),
          0.99 + 1e-5 * index,
        );
        ringWrite(queue, keys, (2 * index) % 40);
        tf.dispose([keys, [...gradients.values()]]);
        return value;
      };
      const memory = () => {
        const { numTensors } = tf.memory();
        const { numBytesAllocatedInGPU } = tf.memory() as unknown as { numBytesAllocatedInGPU: number };
        return { numTensors, numBytesAllocatedInGPU };
      };
      let settled: ReturnType<typeof memory> | undefined;
      for (let index = 0; index < 200; index++) {
        const value = step(index);
        if (index % 20 === 19) expect(Number.isFinite((await value.data())[0])).toBe(true);
        value.dispose();
        if (index === 39) settled = memory();
      }
      expect(memory()).toEqual(settled);
      tf.dispose([...online.values(), ...target.values(), ...Object.values(running), queue, images]);
      tf.dispose(velocities.filter((velocity) => velocity !== undefined));
    });
  },
  { backends: ['webgpu'] },
);
