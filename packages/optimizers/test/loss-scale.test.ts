import { ParameterSet, RandomStream } from '@pixcon/core';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { lars, lossScale, sgd } from '../src/index.ts';

extendExpect();

const specs = [
  { name: 'a', shape: [3, 5], layout: 'linear', role: 'weight', initialize: () => 1 },
  { name: 'b', shape: [8], layout: 'vector', role: 'bias', initialize: () => 2 },
] as const;

/** Gradients of a loss scaled by `scale`, one of them infinite where `bad` is. */
function gradientsOf(scale: number, bad?: number): Map<string, tf.Tensor> {
  const b = Array.from({ length: 8 }, (_, i) => scale * (i - 3));
  if (bad !== undefined) b[5] = bad;
  return new Map<string, tf.Tensor>([
    ['a', tf.fill([3, 5], 0.5 * scale)],
    ['b', tf.tensor1d(b)],
  ]);
}

describeBackends(
  'dynamic loss scale',
  () => {
    it('multiplies the loss and takes it off the gradients', async () => {
      const scaling = lossScale({ initial: 1024 });
      await expectNoLeaks(async () => {
        const loss = tf.scalar(3);
        const scaled = scaling.scale(loss);
        expect([...(await scaled.data())]).toEqual([3072]);
        const gradients = scaling.unscale(gradientsOf(1024));
        expect([...gradients.keys()]).toEqual(['a', 'b']);
        expect([...(await (gradients.get('a') as tf.Tensor).data())]).toEqual(new Array(15).fill(0.5));
        expect([...(await (gradients.get('b') as tf.Tensor).data())]).toEqual([-3, -2, -1, 0, 1, 2, 3, 4]);
        expect([...(await scaling.overflow.data())]).toEqual([0]);
        tf.dispose([loss, scaled, [...gradients.values()]]);
      });
      scaling.dispose();
    });

    it.each([Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])(
      'after %s, nothing moves, and the scale backs off; without, it grows',
      async (bad) => {
        for (const optimizer of [sgd(), lars({ weightDecay: 0.1 })]) {
          const parameters = ParameterSet.create(specs, new RandomStream(0));
          const scaling = lossScale({ initial: 1024, growthInterval: 2 });
          const step = async (entry?: number) => {
            optimizer.prepare?.(parameters);
            const gradients = scaling.unscale(gradientsOf(1024, entry));
            optimizer.update(parameters, gradients, 0.1, { skip: scaling.overflow });
            const scalars = scaling.scalars();
            scaling.adapt();
            const values = [
              (await scalars.lossScale.data())[0],
              (await scalars.overflow.data())[0],
              ...(await parameters.get('a').data()),
              ...(await parameters.get('b').data()),
            ];
            for (const velocity of optimizer.state().values()) values.push(...(await velocity.data()));
            tf.dispose([Object.values(scalars), [...gradients.values()]]);
            return values;
          };
          const first = await step(bad);
          expect(first.slice(0, 2)).toEqual([1024, 1]);
          expect(first.slice(2)).toEqual([
            ...new Array(15).fill(1),
            ...new Array(8).fill(2),
            ...new Array(23).fill(0),
          ]);
          const second = await step();
          expect(second.slice(0, 2)).toEqual([512, 0]);
          expect(second[2]).toBeLessThan(1);
          const third = await step(bad);
          expect(third.slice(0, 2)).toEqual([512, 1]);
          expect(third.slice(2)).toEqual(second.slice(2));
          const scales: unknown[] = [];
          for (let i = 0; i < 5; i++) scales.push((await step())[0]);
          expect(scales).toEqual([256, 256, 512, 512, 1024]);
          optimizer.dispose();
          scaling.dispose();
          parameters.dispose();
        }
      },
    );

    it('lets SGD without momentum skip, too', async () => {
      const parameters = ParameterSet.create(specs, new RandomStream(0));
      const optimizer = sgd({ momentum: 0, weightDecay: 0 });
      const scaling = lossScale({ initial: 1024 });
      const first = async (entry?: number) => {
        const gradients = scaling.unscale(gradientsOf(1024, entry));
        optimizer.update(parameters, gradients, 0.1, { skip: scaling.overflow });
        scaling.adapt();
        tf.dispose([...gradients.values()]);
        return [(await parameters.get('a').data())[0], optimizer.state().size];
      };
      expect(await first(Number.NaN)).toEqual([1, 0]);
      await expectNoLeaks(async () => {
        // The scale has backed off: these gradients count twice.
        expect(await first()).toEqual([expect.closeTo(0.9), 0]);
      });
      scaling.dispose();
      parameters.dispose();
    });

    it('is not for gradients that were taken in already', () => {
      const parameters = ParameterSet.create(specs, new RandomStream(0));
      const optimizer = sgd();
      const scaling = lossScale();
      const gradients = gradientsOf(1);
      optimizer.accumulate?.(parameters, gradients);
      expect(() => optimizer.update(parameters, gradients, 0.1, { skip: scaling.overflow })).toThrow(
        /skip cannot undo what accumulate has taken in/,
      );
      tf.dispose([...gradients.values()]);
      optimizer.dispose();
      scaling.dispose();
      parameters.dispose();
    });

    it('divides a gradient under two names once', async () => {
      const scaling = lossScale({ initial: 4 });
      await expectNoLeaks(async () => {
        const gradient = tf.tensor1d([4, 8, 12]);
        const unscaled = scaling.unscale(
          new Map([
            ['one', gradient],
            ['other', gradient],
          ]),
        );
        for (const name of ['one', 'other']) {
          expect([...(await (unscaled.get(name) as tf.Tensor).data())]).toEqual([1, 2, 3]);
        }
        tf.dispose([...unscaled.values()]);
      });
      scaling.dispose();
    });

    it('stays finite', async () => {
      const scaling = lossScale({ initial: 2 ** 98, growthInterval: 1 });
      for (let i = 0; i < 5; i++) scaling.adapt();
      expect((await (scaling.state().get('lossScale') as tf.Tensor).data())[0]).toBe(2 ** 100);
      scaling.dispose();
    });

    it('goes on from its state', async () => {
      const scaling = lossScale({ initial: 64 });
      scaling.adapt();
      const copy = lossScale();
      copy.restore(scaling.state());
      scaling.dispose();
      expect([...(await (copy.state().get('lossScale') as tf.Tensor).data())]).toEqual([64, 1]);
      expect(() => copy.restore(new Map())).toThrow(/expected a state of two numbers, got none/);
      copy.dispose();
    });

    it('names an option out of range', () => {
      expect(() => lossScale({ initial: 0 })).toThrow(/initial/);
      expect(() => lossScale({ backoffFactor: 1.5 })).toThrow(/backoffFactor/);
      expect(() => lossScale({ growthInterval: 0.5 })).toThrow(/growthInterval/);
    });
  },
  { backends: ['webgpu'] },
);

describeBackends(
  'dynamic loss scale elsewhere',
  () => {
    it('names the backend that it needs', () => {
      const scaling = lossScale();
      const parameters = ParameterSet.create(specs, new RandomStream(0));
      const gradients = gradientsOf(1);
      expect(() => scaling.unscale(gradients)).toThrow(/needs the webgpu backend, but \w+ is running/);
      expect(() => scaling.adapt()).toThrow(/needs the webgpu backend/);
      for (const optimizer of [sgd(), lars()]) {
        expect(() => optimizer.update(parameters, gradients, 0.1, { skip: scaling.overflow })).toThrow(
          /skip needs the webgpu backend/,
        );
        optimizer.dispose();
      }
      tf.dispose([...gradients.values()]);
      scaling.dispose();
      parameters.dispose();
    });
  },
  { backends: ['cpu', 'wasm'] },
);
