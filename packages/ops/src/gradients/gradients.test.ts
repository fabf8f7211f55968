import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { checkGradients, describeBackends, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  type DifferentiableOperation,
  differentiableOperations,
} from '../../test/differentiable-operations.ts';
import { registerWasmKernels } from '../kernels/wasm/register-wasm-kernels.ts';
import { registerGradients } from '../register-gradients.ts';
import { valueAndGradients } from '../value-and-gradients.ts';

extendExpect();

type Images = tf.Tensor4D;

/** Values far enough apart that a small step changes no order. */
function apart(shape: readonly number[], [low, high]: readonly [number, number], seed: number): tf.Tensor {
  const size = shape.reduce((product, extent) => product * extent, 1);
  const values = Float32Array.from(
    { length: size },
    (_, i) => low + (high - low) * ((((i * 7 + seed * 3) % size) + 0.37) / size),
  );
  return tf.tensor(values, [...shape]);
}

/** Where each shader takes its time to compile, one entry each of the kernels whose gradient runs others than elementwise ones. */
const onWebgpu = ['Softmax', 'Max', 'Prod', 'Cumsum', 'Tile', 'GatherV2', 'TopK', 'StridedSlice', 'MirrorPad', 'SplitV', 'DepthwiseConv2dNative', 'AvgPool', 'ResizeBilinear']; // biome-ignore format: a list
const entriesOn = (backend: string) =>
  backend !== 'webgpu'
    ? differentiableOperations
    : onWebgpu.map(
        (name) => differentiableOperations.find(({ kernel }) => kernel === name) as DifferentiableOperation,
      );

describeBackends('gradients of tfjs’s kernels', (backend) => {
  it.each(entriesOn(backend).map((entry) => [`${entry.kernel} ${entry.what ?? ''}`.trim(), entry] as const))(
    '%s',
    async (_, { f, shapes, range = [0.5, 2], not = [] }) => {
      if (not.includes(backend)) return;
      registerGradients();
      if (backend === 'wasm') registerWasmKernels();
      const inputs = shapes.map((shape, i) => apart(shape, range, i));
      await checkGradients(f as (...inputs: tf.Tensor[]) => tf.Tensor, inputs, {
        epsilon: 4e-3,
        relative: 1e-2,
        absolute: 1e-2,
      });
      tf.dispose(inputs);
    },
  );
});

describeBackends('valueAndGradients of whole numbers and of what is left out', () => {
  it('ends at whole and logical numbers, as PyTorch does', async () => {
    const x = tf.variable(tf.tensor2d([[1, 3, 2], [6, 5, 4]])); // biome-ignore format: a matrix
    const gradientsOf = (f: () => tf.Tensor) =>
      valueAndGradients(() => tf.sum(f()) as tf.Scalar, new Map([['x', x]]));
    const masked = gradientsOf(() =>
      tf.mul(x, tf.cast(tf.logicalXor(tf.greater(x, 2), tf.equal(x, 6)), 'float32')),
    );
    await expect(masked.gradients.get('x') as tf.Tensor).toBeAllClose([[0, 1, 0], [0, 1, 1]]); // biome-ignore format: a matrix
    const without = gradientsOf(() => tf.cast(tf.argMax(x, 1), 'float32'));
    expect(without.gradients.size).toBe(0);
    tf.dispose([masked.value, ...masked.gradients.values(), without.value, x]);
  });

  it('names complex numbers rather than lose what goes through them', () => {
    const x = tf.variable(tf.tensor1d([1, 2]));
    const run = () =>
      valueAndGradients(() => tf.sum(tf.real(tf.complex(x, x))) as tf.Scalar, new Map([['x', x]]));
    // The wasm backend has none.
    expect(run).toThrow(/Real has no gradient; use another|Kernel 'Complex' not registered/);
    x.dispose();
  });

  it('goes through tf.batchNorm without scale and offset', async () => {
    const x = tf.variable(tf.tensor2d([[1, 3], [6, 5]])); // biome-ignore format: a matrix
    const run = () =>
      tf.sum(tf.mul(x, tf.batchNorm(x as tf.Tensor2D, tf.tensor1d([1, 2]), tf.tensor1d([4, 0.25]), undefined, undefined, 0))); // biome-ignore format: a call
    const { value, gradients } = valueAndGradients(() => run() as tf.Scalar, new Map([['x', x]]));
    await expect(gradients.get('x') as tf.Tensor).toBeAllClose([[0.5, 8], [5.5, 16]]); // biome-ignore format: a matrix
    tf.dispose([value, ...gradients.values(), x]);
  });

  it('says which kernel a gradient lacks, and what to do', () => {
    const kernel = tf.getKernel('LRNGrad', tf.getBackend());
    tf.unregisterKernel('LRNGrad', tf.getBackend());
    const slope = () =>
      tf.tidy(() => tf.grad((x) => tf.localResponseNormalization(x as Images))(tf.ones([1, 1, 1, 2])));
    expect(slope).toThrow(/^tf\.localResponseNormalization: its gradient takes the kernel LRNGrad, which the \w+ backend lacks; .*use another/); // biome-ignore format: a message
    tf.registerKernel(kernel);
  });
});

describe('the table', () => {
  it('holds every gradient of tfjs-core', () => {
    const core = dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-core'));
    const stock = readdirSync(join(core, 'gradients')).flatMap(
      (file) => file.match(/^(\w+)_grad\.js$/)?.[1] ?? [],
    );
    expect(stock.length).toBeGreaterThan(100);
    registerGradients();
    // The tape of tfjs refuses gradients of complex numbers.
    const missing = stock.filter((name) => name !== 'ComplexAbs' && !tf.getGradient(name));
    expect(missing).toEqual([]);
  });
});
