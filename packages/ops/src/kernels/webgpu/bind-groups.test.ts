import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import type { GpuBuffer, GpuDevice, WebgpuBackend } from './backend.ts';
import { BindGroups, reuseInOrder } from './bind-groups.ts';
import { matMul } from './matrix-product.ts';
import { webgpuUnitRows } from './unit-rows.ts';

/** A device that gives every group a number. */
function counting() {
  let made = 0;
  const device = { createBindGroup: () => ({ number: made++ }) } as unknown as GpuDevice;
  return new BindGroups(device);
}

const buffer = (size = 4): GpuBuffer => ({ size, usage: 128 });

describe('bind groups', () => {
  it('are made once for the same layout and buffers', () => {
    const groups = counting();
    const [layout, other] = [{}, {}];
    const [a, b] = [buffer(), buffer()];
    expect(groups.get('x', layout, [a, b])).toEqual({ number: 0 });
    expect(groups.get('x', layout, [b, a])).toEqual({ number: 1 });
    expect(groups.get('x', other, [a, b])).toEqual({ number: 2 });
    expect(groups.get('x', layout, [a, b])).toEqual({ number: 0 });
  });

  it('are forgotten where there are too many', () => {
    const groups = counting();
    const layout = {};
    const first = buffer();
    groups.get('x', layout, [first]);
    for (let i = 1; i <= 16_384; i++) groups.get('x', layout, [buffer()]);
    expect(groups.get('x', layout, [first])).toEqual({ number: 16_385 });
  });
});

describe('reuse in order', () => {
  it('takes the oldest free buffer, whatever was freed last', () => {
    const free = new Map<string, GpuBuffer[]>([['4_128', []]]);
    const backend = {
      bufferManager: {
        freeBuffers: free,
        releaseBuffer: (released: GpuBuffer, reuse = true) => {
          if (reuse) free.get('4_128')?.push(released);
        },
      },
    } as unknown as WebgpuBackend;
    reuseInOrder(backend);
    reuseInOrder(backend);
    const buffers = [buffer(), buffer(), buffer()] as const;
    // Older is what was seen first.
    for (const each of buffers) backend.bufferManager.releaseBuffer(each);
    for (const order of [
      [0, 1, 2],
      [2, 0, 1],
      [1, 2, 0],
    ] as const) {
      free.set('4_128', []);
      for (const i of order) backend.bufferManager.releaseBuffer(buffers[i]);
      expect(free.get('4_128')?.map((each) => buffers.indexOf(each))).toEqual([2, 1, 0]);
    }
    backend.bufferManager.releaseBuffer(buffer(), false);
    expect(free.get('4_128')).toHaveLength(3);
  });
});

describeBackends(
  'bind groups of a device',
  () => {
    it('serve steps alike again', async () => {
      const { device } = tf.backend() as unknown as WebgpuBackend;
      const x = tf.randomNormal([12, 8], 0, 1, 'float32', 1) as tf.Tensor2D;
      const step = async () => {
        const y = tf.tidy(() => {
          const { y } = webgpuUnitRows.unitRows(x, 1e-6);
          const products = [matMul(y, x, false, true), matMul(x, y, false, true)] as const;
          return matMul(products[0], products[1]);
        });
        const values = [...(await y.data())];
        y.dispose();
        return values;
      };
      const first = await step();
      for (let i = 0; i < 3; i++) await step();
      let made = 0;
      const make = device.createBindGroup.bind(device);
      device.createBindGroup = (descriptor) => {
        made++;
        return make(descriptor);
      };
      try {
        expect(await step()).toEqual(first);
      } finally {
        Reflect.deleteProperty(device, 'createBindGroup');
      }
      expect(made).toBe(0);
      x.dispose();
    });
  },
  { backends: ['webgpu'] },
);
