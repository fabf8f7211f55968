import { describeBackends, expectNoLeaks } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { vectors } from './program.ts';
import { runWebgpuProgram } from './run-program.ts';
import { type Dispatch, watchDispatches } from './watch-dispatches.ts';

function addInPlace(target: tf.Tensor, value: number): tf.Tensor {
  const { y } = runWebgpuProgram({
    name: 'add in place',
    inputs: {},
    outputs: { y: { inPlace: target } },
    integers: { size: target.size },
    floats: { value },
    workgroups: Math.ceil(target.size / 64),
    shader: () => ({ body: 'if (index < uniforms.size) { y[index] += uniforms.value; }' }),
  });
  return y;
}

describeBackends(
  'runWebgpuProgram',
  () => {
    it('writes several outputs of different types', async () => {
      const x = tf.tensor1d([1, 2, 3, 4, 5, 6, 7, 8]);
      const count = tf.tensor1d([2, 3], 'int32');
      const { product, positions } = runWebgpuProgram({
        name: 'several outputs',
        inputs: { x: vectors(x), count },
        outputs: {
          product: { shape: [2, 4], vector: true },
          positions: { shape: [2], dtype: 'int32' },
        },
        integers: { size: 2 },
        floats: { factor: 0.5 },
        workgroupSize: 32,
        workgroups: 1,
        shader: () => ({
          declarations: 'fn scaled(i : i32) -> vec4<f32> { return uniforms.factor * x[i]; }',
          body: `if (index < uniforms.size) {
            product[index] = f32(count[index]) * scaled(index);
            positions[index] = index + 10;
          }`,
        }),
      });
      expect(product.shape).toEqual([2, 4]);
      expect(await product.array()).toEqual([
        [1, 2, 3, 4],
        [7.5, 9, 10.5, 12],
      ]);
      expect(positions.dtype).toBe('int32');
      expect(await positions.array()).toEqual([10, 11]);
      tf.dispose([x, count, product, positions]);
    });

    it('reads integers and booleans that were cast, whose memory tfjs leaves as it was', async () => {
      await expectNoLeaks(async () => {
        const integers = tf.tensor1d([3, -1], 'int32');
        const booleans = tf.tidy(() => tf.greater(tf.tensor1d([1, 5]), 2));
        const [x, y] = [tf.cast(integers, 'float32'), tf.cast(booleans, 'float32')];
        const { sum } = runWebgpuProgram({
          name: 'sum of casts',
          inputs: { x, y },
          outputs: { sum: { shape: [2] } },
          integers: { size: 2 },
          workgroups: 1,
          shader: () => ({ body: 'if (index < uniforms.size) { sum[index] = x[index] + y[index]; }' }),
        });
        expect([...(await sum.data())]).toEqual([3, 0]);
        tf.dispose([integers, booleans, x, y, sum]);
      });
    });

    it('writes in place, also what was read before, between kernels of tfjs', async () => {
      const variable = tf.variable(tf.tensor1d([1, 2, 3]));
      expect(addInPlace(variable, 1)).toBe(variable);
      expect(await variable.array()).toEqual([2, 3, 4]);
      const before = tf.mul(variable, 10);
      addInPlace(variable, 0.5);
      const after = tf.mul(variable, 10);
      expect(await before.array()).toEqual([20, 30, 40]);
      expect(await after.array()).toEqual([25, 35, 45]);
      expect(await variable.array()).toEqual([2.5, 3.5, 4.5]);
      tf.dispose([variable, before, after]);
    });

    it('keeps memory that is released before the queue is submitted', async () => {
      const results: tf.Tensor[] = [];
      for (let i = 0; i < 40; i++) {
        const x = tf.fill([70], i);
        const { y } = runWebgpuProgram({
          name: 'copy',
          inputs: { x },
          outputs: { y: { shape: [70] } },
          integers: { size: 70 },
          workgroups: 2,
          shader: () => ({ body: 'if (index < uniforms.size) { y[index] = x[index]; }' }),
        });
        x.dispose();
        results.push(y);
      }
      for (const [i, y] of results.entries()) expect(await y.data()).toEqual(new Float32Array(70).fill(i));
      tf.dispose(results);
    });

    it('hands its outputs to the tidy around it', () => {
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        runWebgpuProgram({
          name: 'zeros',
          inputs: {},
          outputs: { y: { shape: [64] } },
          workgroups: 1,
          shader: () => ({ body: 'y[index] = 0.0;' }),
        });
      });
      expect(tf.memory().numTensors).toBe(before);
    });

    it('returns empty tensors without a dispatch', async () => {
      const { y } = runWebgpuProgram({
        name: 'empty',
        inputs: {},
        outputs: { y: { shape: [0, 4] } },
        workgroups: 1,
        shader: () => ({ body: 'y[index] = 0.0;' }),
      });
      expect(await y.array()).toEqual([]);
      y.dispose();
    });

    it('folds more workgroups than a dimension holds', async () => {
      const y = tf.tidy(() => {
        const { y } = runWebgpuProgram({
          name: 'folded',
          inputs: {},
          outputs: { y: { shape: [70_001], dtype: 'int32' } },
          integers: { size: 70_001 },
          workgroupSize: 1,
          workgroups: 70_001,
          shader: () => ({ body: 'if (index < uniforms.size) { y[index] = index; }' }),
        });
        return y;
      });
      expect(await y.data()).toEqual(Int32Array.from({ length: 70_001 }, (_, i) => i));
      y.dispose();
    });

    it('makes zeros of nothing', async () => {
      const x = tf.zeros([0, 4]);
      const { y } = runWebgpuProgram({
        name: 'of nothing',
        inputs: { x },
        outputs: { y: { shape: [4] } },
        workgroups: 1,
        shader: () => ({ body: 'y[index] = x[index] + 1.0;' }),
      });
      expect([...(await y.data())]).toEqual([0, 0, 0, 0]);
      tf.dispose([x, y]);
    });

    it('shows what was written after a download that began before', async () => {
      const target = tf.tidy(() => tf.add(tf.zeros([4]), 1));
      addInPlace(target, 1);
      const before = target.data();
      addInPlace(target, 1);
      expect([...(await before)]).toEqual([2, 2, 2, 2]);
      expect([...(await target.data())]).toEqual([3, 3, 3, 3]);
      target.dispose();
    });

    it('refuses an input that is written in place', () => {
      const x = tf.tensor1d([1]);
      expect(() =>
        runWebgpuProgram({
          name: 'aliased',
          inputs: { x },
          outputs: { y: { inPlace: x } },
          workgroups: 1,
          shader: () => ({ body: '' }),
        }),
      ).toThrow(/aliased: y is written in place, so x must not share its memory/);
      x.dispose();
    });

    it('names the tensor that no buffer holds, before anything runs', () => {
      const before = tf.memory().numTensors;
      expect(() =>
        runWebgpuProgram({
          name: 'convolution',
          inputs: {},
          outputs: { y: { shape: [2 ** 20, 2 ** 12] } },
          workgroups: 1,
          shader: () => ({ body: '' }),
        }),
      ).toThrow(
        /convolution: y \[1048576, 4096\] takes 17179869184 bytes \(16384\.0 MiB\).*lower the batch size/,
      );
      expect(tf.memory().numTensors).toBe(before);
    });

    it('refuses more workgroups than the device dispatches', () => {
      expect(() =>
        runWebgpuProgram({
          name: 'product',
          inputs: {},
          outputs: { y: { shape: [1] } },
          workgroups: [1, 2 ** 20, 1],
          shader: () => ({ body: '' }),
        }),
      ).toThrow(/product needs 1 × 1048576 × 1 workgroups, but this WebGPU device dispatches at most/);
    });

    it('tells watchers of dispatches and their cost', () => {
      const seen: Dispatch[] = [];
      const stop = watchDispatches((dispatch) => seen.push(dispatch));
      const x = tf.variable(tf.zeros([5]));
      addInPlace(x, 1);
      stop();
      addInPlace(x, 1);
      x.dispose();
      expect(seen).toHaveLength(1);
      expect(seen[0]).toMatchObject({ name: 'add in place', bytes: 20, necessaryBytes: 20, flops: 0 });
    });
  },
  { backends: ['webgpu'] },
);
