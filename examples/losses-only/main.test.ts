import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { startBackend } from '@pixcon/backend';
import { RandomStream } from '@pixcon/core';
import { syntheticScenes } from '@pixcon/datasets';
import { keyQueue } from '@pixcon/queues';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { denseLoss, keysOf } from './dense-loss.ts';
import { mixer } from './model.ts';
import { freeEarly, minimize, type TrainStep } from './train-steps.ts';
import { twoViews } from './views.ts';

const execute = promisify(execFile);

function runExample(environment: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const command = ['--conditions=@pixcon/source', '--import', 'tsx', 'main.ts', ...args];
  return execute(process.execPath, command, {
    cwd: import.meta.dirname,
    env: { ...process.env, BACKEND: 'wasm', NO_COLOR: '1', ...environment },
  });
}

describe('main', () => {
  it.each(['minimize', 'freeEarly'])(
    'runs two steps with %s',
    async (loop) => {
      const { stdout } = await runExample({ LOOP: loop }, '2');
      expect(stdout).toMatch(/^step 2\/2 {2}loss \d+\.\d+ \(chance 12\.481\)/m);
    },
    180_000,
  );

  it('refuses a loop that it does not know', async () => {
    await expect(runExample({ LOOP: 'fit' }, '2')).rejects.toThrow(
      'LOOP must be minimize or freeEarly, got fit',
    );
  });
});

describe('the two ways of a step', () => {
  const options = { size: 32, patch: 8, width: 16, dim: 8 };

  async function train(step: TrainStep, steps: number) {
    const random = new RandomStream(0);
    const [model, target] = [mixer(options), mixer(options)];
    // The layers' own draws differ from one model to the next.
    const draws = new RandomStream(1);
    const weights = model.getWeights().map(({ shape, size }) =>
      tf.tensor(
        Float32Array.from({ length: size }, () => draws.normal(0, 0.1)),
        shape,
      ),
    );
    for (const each of [model, target]) each.setWeights(weights);
    const scenes = syntheticScenes({ count: 4, size: 48 });
    const [first, second] = await twoViews(scenes, [0, 1, 2, 3], options.size, random.fork('views'));
    const keys = keysOf(target, second);
    const queue = keyQueue({ length: 32, dim: options.dim, random: random.fork('queue') });
    const optimizer = tf.train.sgd(0.1);
    const losses: number[] = [];
    const tensors: number[] = [];
    for (let i = 0; i < steps; i++) {
      const loss = step(optimizer, () => denseLoss(model, first, second, keys, queue), model);
      losses.push((await loss.data())[0] as number);
      loss.dispose();
      tensors.push(tf.memory().numTensors);
    }
    return { losses, tensors, weights: await Promise.all(model.getWeights().map((weight) => weight.data())) };
  }

  it('agree, lower the loss, and leave no tensor behind', async () => {
    await startBackend('wasm');
    const [stock, ours] = [await train(minimize, 6), await train(freeEarly, 6)];
    for (const { losses, tensors } of [stock, ours]) {
      expect(losses.at(-1)).toBeLessThan(0.97 * (losses[0] as number));
      expect(tensors.at(-1)).toBe(tensors[1]);
    }
    for (const [i, loss] of ours.losses.entries()) expect(loss).toBeCloseTo(stock.losses[i] as number, 4);
    for (const [i, weight] of ours.weights.entries()) {
      for (const [j, value] of weight.entries())
        expect(value).toBeCloseTo(stock.weights[i]?.[j] as number, 4);
    }
  }, 240_000);
});
