import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { WebgpuBackend } from './backend.ts';
import { runWebgpuProgram } from './run-program.ts';
import { subgroupSize, sumBySubgroups, withoutSubgroups } from './subgroups.ts';

interface Gpu {
  requestAdapter(options: object): Promise<{ readonly features: ReadonlySet<string> }>;
}

const features = new Set(['subgroups']);

describe('subgroupSize', () => {
  it.each([
    ['one size', 32, features, { subgroupMinSize: 32, subgroupMaxSize: 32 }],
    ['several sizes', undefined, features, { subgroupMinSize: 32, subgroupMaxSize: 64 }],
    ['a size that is no power of 2', undefined, features, { subgroupMinSize: 12, subgroupMaxSize: 12 }],
    ['a size that WGSL does not know', undefined, features, { subgroupMinSize: 2, subgroupMaxSize: 2 }],
    ['no feature', undefined, new Set<string>(), { subgroupMinSize: 32, subgroupMaxSize: 32 }],
    ['no information', undefined, features, undefined],
    ['no sizes', undefined, features, {}],
  ])('%s: %s', (_, size, features, adapterInfo) => {
    expect(subgroupSize({ features, ...(adapterInfo && { adapterInfo }) })).toBe(size);
  });

  it('is undefined without subgroups, and there again afterwards', () => {
    const device = { features, adapterInfo: { subgroupMinSize: 8, subgroupMaxSize: 8 } };
    expect(withoutSubgroups(() => subgroupSize(device))).toBeUndefined();
    expect(() =>
      withoutSubgroups(() => {
        throw new Error('in the work');
      }),
    ).toThrow('in the work');
    expect(subgroupSize(device)).toBe(8);
  });
});

/** The lane that invocation `at` of 256 takes: where subgroups lie is up to the device. */
const mappings = {
  'in order': () => 'at',
  'subgroups in another order': (size: number) => `at ^ ${size}`,
  backwards: () => '255 - at',
  'far apart': () => '(37 * at) % 256',
  'one subgroup backwards': (size: number) => `select(at, ${size - 1} - at, at < ${size})`,
  'shifted by one': () => '(at + 1) % 256',
  'two subgroups mixed': (size: number) => `select(at, at ^ ${size}, at < ${2 * size} && at % 2 == 0)`,
};

describeBackends(
  'subgroups on WebGPU',
  () => {
    it('are asked for where the adapter has them', async () => {
      const { device } = tf.backend() as unknown as WebgpuBackend;
      const { gpu } = (globalThis as unknown as { navigator: { gpu: Gpu } }).navigator;
      const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
      expect(device.features.has('subgroups')).toBe(adapter.features.has('subgroups'));
    });

    it.each<[number, number]>([
      [1, 1],
      [1, 2],
      [1, 4],
      [1, 64],
      [1, 256],
      [2, 128],
      [4, 64],
      [8, 32],
      [32, 8],
    ])('lanes %i apart, %i of them, however invocations lie', async (apart, count) => {
      const { device } = tf.backend() as unknown as WebgpuBackend;
      const size = subgroupSize(device) ?? 0;
      const variables = { first: 'firsts', second: 'seconds' };
      const sum = sumBySubgroups({ apart, count, element: 'f32', variables });
      expect(sum !== undefined).toBe(size > apart && count > 1);
      if (!sum) return;
      const numbers = Float32Array.from({ length: 256 }, (_, lane) => (lane * lane) % 251);
      const span = apart * count;
      const expected = numbers.map((_, lane) =>
        numbers
          .filter((_, i) => Math.floor(i / span) === Math.floor(lane / span) && i % apart === lane % apart)
          .reduce((a, b) => a + b),
      );
      const x = tf.tensor1d(numbers);
      for (const [name, laneOf] of Object.entries(mappings)) {
        const { y, z } = runWebgpuProgram({
          name: 'sum by subgroups',
          variant: `${apart} ${count} ${name}`,
          inputs: { x },
          outputs: { y: { shape: [256] }, z: { shape: [256] } },
          workgroupSize: 256,
          workgroups: 1,
          subgroups: true,
          shader: () => ({
            declarations: `var<workgroup> firsts : array<f32, 256>;
              var<workgroup> seconds : array<f32, 256>;
              ${sum.declarations}`,
            body: `{
              let at = lane;
              let lane = ${laneOf(size)};
              var first = x[lane];
              var second = 2.0 * x[lane];
              ${sum.reduce}
              y[lane] = first;
              z[lane] = second;
            }`,
          }),
        });
        expect([...(await y.data())], name).toEqual([...expected]);
        expect([...(await z.data())], name).toEqual([...expected.map((value) => 2 * value)]);
        tf.dispose([y, z]);
      }
      x.dispose();
    });
  },
  { backends: ['webgpu'] },
);
