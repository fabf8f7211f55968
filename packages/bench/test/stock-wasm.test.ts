import { startBackend } from '@pixcon/backend';
import { extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { measure } from '../src/index.ts';
import { startStockWasm } from '../src/stock-wasm.ts';
import { tinyStep } from './tiny-sizes.ts';

extendExpect();

/** Image, filter side, stride; the second leaves a column over, the last a row and a column. */
const cases = [
  [[2, 9, 9, 3], 3, 1],
  [[2, 9, 8, 5], 3, 2],
  [[3, 20, 20, 3], 7, 2],
  [[2, 8, 8, 3], 1, 2],
] as const;

function filterGradients(): Float32Array[] {
  return cases.map(([shape, side, stride], i) =>
    tf.tidy(() => {
      const x = tf.randomNormal([...shape], 0, 1, 'float32', i + 1);
      const out = (size: number) => Math.floor((size - side) / stride) + 1;
      const dy = tf.randomNormal([shape[0], out(shape[1]), out(shape[2]), 4], 0, 1, 'float32', i + 9);
      const filterShape = [side, side, shape[3], 4];
      const attributes = { strides: [stride, stride], pad: 'valid', dataFormat: 'NHWC', filterShape };
      const gradient: tf.Tensor = tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, attributes);
      expect(gradient.shape).toEqual(filterShape);
      return gradient.dataSync<'float32'>();
    }),
  );
}

it('stock kernels compose what they lack, and take a whole step', { timeout: 120_000 }, async () => {
  await startBackend('cpu');
  const expected = filterGradients();
  expect(await startStockWasm()).toBe('stock WebAssembly, 1 thread');
  expect(tf.getBackend()).toBe('stock-wasm');
  filterGradients().forEach((values, i) => {
    expect(values).toBeAllClose(expected[i] as Float32Array, { relative: 1e-4, absolute: 1e-4 });
  });
  const request = {
    workload: 'tiny',
    sizes: tinyStep,
    backend: 'wasm',
    stock: true,
    steps: 1,
    folders: [],
  } as const;
  const result = await measure(request);
  expect(result.versions.backend).toMatch(/^stock/);
  expect(result.secondsPerStep).toBeGreaterThan(0);
});
