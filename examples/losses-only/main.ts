/*
 * The dense loss of PixCon on a LayersModel, in a training loop of one's own.
 *
 *   npm start -w @pixcon-examples/losses-only            120 steps
 *   npm start -w @pixcon-examples/losses-only -- 16      or STEPS=16
 *   LOOP=freeEarly npm start -w @pixcon-examples/losses-only
 */
import { type BackendName, explainBackend, startBackend } from '@pixcon/backend';
import { RandomStream } from '@pixcon/core';
import { syntheticScenes } from '@pixcon/datasets';
import { chanceLevel } from '@pixcon/losses';
import { exponentialMovingAverage } from '@pixcon/ops';
import { keyQueue } from '@pixcon/queues';
import * as tf from '@tensorflow/tfjs-core';
import { denseLoss, keysOf } from './dense-loss.ts';
import { mixer } from './model.ts';
import { freeEarly, minimize, variablesOf } from './train-steps.ts';
import { twoViews } from './views.ts';

const config = {
  steps: Number(process.argv[2] ?? process.env.STEPS ?? 120),
  backend: (process.env.BACKEND ?? 'auto') as BackendName | 'auto',
  loop: process.env.LOOP ?? 'minimize',
  scenes: 128,
  batchSize: 16,
  model: { size: 48, patch: 8, width: 64, dim: 32 },
  queueLength: 512,
  targetMomentum: 0.99,
  learningRate: 0.05,
  seed: 0,
} as const;
if (!Number.isInteger(config.steps) || config.steps < 1) {
  throw new Error(`steps must be a whole number above 0, got ${process.argv[2] ?? process.env.STEPS}`);
}
const trainStep = { minimize, freeEarly }[config.loop];
if (!trainStep) throw new Error(`LOOP must be minimize or freeEarly, got ${config.loop}`);

console.log(explainBackend(await startBackend(config.backend)));
const random = new RandomStream(config.seed);
const scenes = syntheticScenes({ count: config.scenes, size: 96, seed: config.seed });

const model = mixer(config.model);
const target = mixer(config.model);
target.setWeights(model.getWeights());
const queue = keyQueue({ length: config.queueLength, dim: config.model.dim, random: random.fork('queue') });
const optimizer = tf.train.momentum(config.learningRate, 0.9);
const chance = 2 * chanceLevel(queue.length);

const losses: number[] = [];
for (let step = 0; step < config.steps; step++) {
  const order = random.fork('order', step).permutation(scenes.length);
  const batch = [...order.slice(0, config.batchSize)];
  const views = await twoViews(scenes, batch, config.model.size, random.fork('views', step));
  const keys = [keysOf(target, views[0]), keysOf(target, views[1])] as const;

  const loss = trainStep(
    optimizer,
    () =>
      tf.add(
        denseLoss(model, views[0], views[1], keys[1], queue),
        denseLoss(model, views[1], views[0], keys[0], queue),
      ),
    model,
  );

  const online = variablesOf(model);
  for (const [i, variable] of variablesOf(target).entries()) {
    exponentialMovingAverage(variable, online[i] as tf.Variable, config.targetMomentum);
  }
  queue.enqueue(keys[step % 2 === 0 ? 0 : 1].pooled);

  losses.push((await loss.data())[0] as number);
  tf.dispose([loss, views[0].images, views[1].images, ...keys.map((key) => ({ ...key }))]);
  if ((step + 1) % 20 === 0 || step + 1 === config.steps) {
    const recent = losses.slice(-20);
    const mean = recent.reduce((sum, value) => sum + value, 0) / recent.length;
    console.log(
      `step ${step + 1}/${config.steps}  loss ${mean.toFixed(3)} (chance ${chance.toFixed(3)})  ${tf.memory().numTensors} tensors`,
    );
  }
}
