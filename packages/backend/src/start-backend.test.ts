import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runInChild } from '../test/run-in-child.ts';
import { explainBackend } from './explain-backend.ts';
import { backendNames } from './names.ts';
import { availableBackends, isBackendAvailable, startBackend } from './start-backend.ts';

let elsewhere: string;
beforeAll(() => {
  elsewhere = mkdtempSync(join(tmpdir(), 'pixcon-backend-'));
});
afterAll(() => rmSync(elsewhere, { recursive: true }));

async function product(): Promise<number[]> {
  const values = tf.tidy(() => {
    const matrix = tf.tensor2d([1, 2, 3, 4], [2, 2]);
    return tf.matMul(matrix, matrix);
  });
  const data = await values.data();
  values.dispose();
  return [...data];
}

describe('startBackend', () => {
  it('starts the one asked for', async () => {
    const started = await startBackend('cpu');
    expect(started).toEqual({
      name: 'cpu',
      tensorflowName: 'cpu',
      description: 'JavaScript, 1 thread',
      rejected: [],
    });
    expect(tf.getBackend()).toBe('cpu');
    expect(await product()).toEqual([7, 10, 15, 22]);
    expect(explainBackend(started)).toBe('Backend: cpu (JavaScript, 1 thread).');
  });

  it('does nothing the second time, even when the first was elsewhere undone and redone', async () => {
    const first = await startBackend('wasm');
    expect(await startBackend('wasm')).toBe(first);
    await tf.setBackend('cpu');
    await startBackend('wasm');
    expect(tf.getBackend()).toBe('wasm');
  });

  it('switches, and tensors follow', async () => {
    await startBackend('cpu');
    const made = tf.tensor1d([1, 2, 3]);
    const { description } = await startBackend('wasm');
    const threads = Math.min(availableParallelism(), 8);
    expect(description).toBe(`WebAssembly with SIMD, ${threads} ${threads === 1 ? 'thread' : 'threads'}`);
    const doubled = tf.add(made, made);
    expect([...(await doubled.data())]).toEqual([2, 4, 6]);
    tf.dispose([made, doubled]);
    expect(await product()).toEqual([7, 10, 15, 22]);
  });

  it('makes WASM able to train a convolution', async () => {
    await startBackend('wasm');
    await startBackend('cpu');
    await startBackend('wasm');
    const x = tf.ones([1, 4, 4, 1]);
    const dy = tf.ones([1, 2, 2, 1]);
    const attributes = { strides: 1, pad: 'valid', dataFormat: 'NHWC', filterShape: [3, 3, 1, 1] };
    const gradient: tf.Tensor = tf.engine().runKernel('Conv2DBackpropFilter', { x, dy }, attributes);
    // Each weight sees the 2 x 2 output positions once.
    expect([...(await gradient.data())]).toEqual(Array.from({ length: 9 }, () => 4));
    tf.dispose([x, dy, gradient]);
  });

  it('runs overlapping calls in order', async () => {
    const order: string[] = [];
    const started = await Promise.all(
      (['cpu', 'wasm', 'cpu', 'wasm'] as const).map(async (name) => {
        const result = await startBackend(name);
        order.push(result.name);
        return result.tensorflowName;
      }),
    );
    expect(started).toEqual(['cpu', 'wasm', 'cpu', 'wasm']);
    expect(order).toEqual(started);
    expect(tf.getBackend()).toBe('wasm');
  });

  it('refuses an unknown name', async () => {
    await expect(startBackend('cuda' as never)).rejects.toThrow(
      'startBackend: name must be one of auto, tensorflow-gpu, webgpu, tensorflow, wasm, cpu, got cuda',
    );
    await expect(isBackendAvailable('auto' as never)).rejects.toThrow(PixconError);
  });

  it('goes on after a failed call, with the backend from before', async () => {
    await startBackend('wasm');
    const unavailable = backendNames.filter((name) => name !== 'wasm' && name !== 'cpu');
    const available = await availableBackends();
    const missing = unavailable.find((name) => !available.includes(name));
    const [failed, next] = await Promise.allSettled([
      startBackend(missing ?? ('none' as never)),
      startBackend('wasm'),
    ]);
    expect(failed.status).toBe('rejected');
    expect(next).toMatchObject({ status: 'fulfilled', value: { name: 'wasm' } });
    expect(tf.getBackend()).toBe('wasm');
  });
});

describe("startBackend('auto')", () => {
  it('takes the fastest that is available and gives a reason for each faster one', async () => {
    const started = await startBackend();
    const available = await availableBackends();
    expect(available).toContain(started.name);
    expect(started.rejected.map(({ name }) => name)).toEqual(
      backendNames.slice(0, backendNames.indexOf(started.name)),
    );
    for (const { reason } of started.rejected) expect(reason).not.toBe('');
    const line = explainBackend(started);
    expect(line).not.toContain('\n');
    for (const { name, reason } of started.rejected) expect(line).toContain(`${name}: ${reason}`);
    expect(await startBackend('auto')).toBe(started);
  });

  it('falls back to WASM where no TensorFlow is installed, from any folder', async () => {
    const script = `
      const started = await backend.startBackend();
      const matrix = tf.tensor2d([1, 2, 3, 4], [2, 2]);
      const values = [...(await tf.matMul(matrix, matrix).data())];
      console.log(JSON.stringify({ started, values }));`;
    const child = await runInChild(script, elsewhere, { PIXCON_HOME: elsewhere, CUDA_VISIBLE_DEVICES: '' });
    expect(child.errors).not.toMatch(/Error/);
    const { started, values } = JSON.parse(child.output);
    expect(values).toEqual([7, 10, 15, 22]);
    expect(started.name).toBe('wasm');
    expect(started.rejected[2].reason).toMatch(/no built @tensorflow\/tfjs-node was found/);
    expect(child.status).toBe(0);
  });
});

describe('threads of WASM', () => {
  const script = (threads: number) => `
    const { description } = await backend.startBackend('wasm', { threads: ${threads} });
    const waves = (shape) => tf.reshape(tf.sin(tf.range(0, tf.util.sizeFromShape(shape))), shape);
    const image = waves([2, 9, 11, 5]);
    const filter = waves([3, 3, 5, 7]);
    const long = waves([300, 200]);
    const values = [];
    for (const result of [tf.conv2d(image, filter, 1, 'same'), tf.matMul(long, long, false, true), tf.add(long, 1)]) {
      values.push(Buffer.from((await result.data()).buffer).toString('base64'));
    }
    // 64 MiB, for which the memory has to grow.
    const large = tf.fill([16, 1024, 1024], 3);
    const last = (await tf.slice(large, [15, 1023, 1023], [1, 1, 1]).data())[0];
    const left = { worker: 'Worker' in globalThis, listeners: process.listenerCount('uncaughtException') };
    console.log(JSON.stringify({ description, values, last, left }));`;

  it('give the same bits, leave no globals behind and let the process end', async () => {
    const [one, three] = await Promise.all(
      [1, 3].map(async (threads) => {
        const child = await runInChild(script(threads), elsewhere);
        expect(child.status, child.errors).toBe(0);
        return JSON.parse(child.output);
      }),
    );
    expect(one.description).toBe('WebAssembly with SIMD, 1 thread');
    expect(three.description).toBe('WebAssembly with SIMD, 3 threads');
    expect(three.values).toEqual(one.values);
    expect(three.last).toBe(3);
    expect(three.left).toEqual({ worker: false, listeners: 0 });
  });

  it('are left out where workers may not start', async () => {
    const blocked = `
      const { Worker } = await import('node:worker_threads');
      Object.defineProperty((await import('node:module')).createRequire('/')('node:worker_threads'), 'Worker', {
        value: class { constructor() { throw new Error('no workers here'); } },
      });
      ${script(2)}`;
    const child = await runInChild(blocked, elsewhere);
    expect(child.status, child.errors).toBe(0);
    expect(JSON.parse(child.output)).toMatchObject({
      description: 'WebAssembly with SIMD, 1 thread',
      last: 3,
    });
  });

  it('are a whole number from 1 to 8', async () => {
    for (const threads of [0, 1.5, 9]) {
      await expect(startBackend('wasm', { threads })).rejects.toThrow(/startBackend: threads must be/);
    }
  });
});

describe('a forced backend that is missing', () => {
  it('says why and what to run', async () => {
    const script = `
      try { await backend.startBackend('tensorflow'); } catch (error) {
        console.log(JSON.stringify({ code: error.code, message: error.message }));
      }`;
    const { output } = await runInChild(script, elsewhere, { PIXCON_HOME: elsewhere });
    const { code, message } = JSON.parse(output);
    expect(code).toBe('backend-unavailable');
    expect(message).toBe(
      "startBackend: the 'tensorflow' backend cannot start (no built @tensorflow/tfjs-node was found in the project or in pixcon’s own folder); to use it, run: npx pixcon install-tensorflow",
    );
  });
});

describe('the tensorflow backend', async () => {
  const available = await isBackendAvailable('tensorflow');
  const required = (process.env.PIXCON_REQUIRE_BACKENDS ?? '').split(',').includes('tensorflow');
  if (!(available || required)) {
    process.stderr.write('SKIPPED: TensorFlow is not installed; run npx pixcon install-tensorflow\n');
  }

  it.runIf(available || required)(
    'starts, computes, takes over tensors and lets the process end',
    async () => {
      const script = `
      await backend.startBackend('cpu');
      const matrix = tf.tensor2d([1, 2, 3, 4], [2, 2]);
      const started = await backend.startBackend('tensorflow');
      const values = [...(await tf.matMul(matrix, matrix).data())];
      await backend.startBackend('wasm');
      await backend.startBackend('tensorflow');
      console.log(JSON.stringify({ started, values, name: tf.getBackend() }));`;
      const child = await runInChild(script, elsewhere);
      const { started, values, name } = JSON.parse(child.output);
      expect(child.status).toBe(0);
      expect(values).toEqual([7, 10, 15, 22]);
      expect(name).toBe('tensorflow');
      expect(started.description).toMatch(
        /^TensorFlow \d+\.\d+ (CPU, \d+ threads?(, with oneDNN)?|CUDA)(, without (oneDNN|the kernels of pixcon).*)?$/,
      );
      expect(child.errors).not.toMatch(/already|Hi, looks like/);
    },
  );

  it.runIf(available || required)('leaves the kernels of pixcon out where that is asked for', async () => {
    const script = `
      const { description } = await backend.startBackend('tensorflow');
      let message = '';
      try {
        tf.backend().executeMultipleOutputs('PixconUnitRows', [], [tf.ones([1, 1])], 2);
      } catch (error) {
        message = error.message;
      }
      console.log(JSON.stringify({ description, message }));`;
    const child = await runInChild(script, elsewhere, { PIXCON_NATIVE_KERNELS: '0' });
    const { description, message } = JSON.parse(child.output);
    expect(description).toMatch(
      /^TensorFlow \d+\.\d+ (CPU, \d+ threads?(, with oneDNN)?|CUDA)(, without .*)?$/,
    );
    expect(message).toMatch(/PixconUnitRows/);
  });
});
