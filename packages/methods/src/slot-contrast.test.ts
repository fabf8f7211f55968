import { ParameterSet, prefixSpecs, RandomStream } from '@pixcon/core';
import { type Grouping, slotPredictor } from '@pixcon/heads';
import { groupingDistillation } from '@pixcon/losses';
import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { alignedGroupingLoss, matchedGroupingLoss, slotLoss } from './slot-contrast.ts';

extendExpect();

const random = (shape: [number, number, number], seed: number) =>
  tf.randomNormal<tf.Rank.R3>(shape, 0, 1, 'float32', seed);

const dim = 4;
const predictor = slotPredictor({ dim, hidden: 6 });
const makeParameters = () =>
  ParameterSet.create(prefixSpecs('slotPredictor', predictor.parameters), new RandomStream(1));

const grouping = (batch: number, cells: number, prototypes: number, seed: number): Grouping => ({
  scores: random([batch, cells, prototypes], seed),
  slots: random([batch, prototypes, dim], seed + 50),
});

/** The prototypes that are the best of some cell, by image. */
const activeOf = async ({ scores }: Grouping) =>
  (await scores.array()).map((rows) => new Set(rows.map((row) => row.indexOf(Math.max(...row)))));

/** The authors' way: lists of active slots as long as they happen to be. */
async function naive(
  parameters: ParameterSet,
  query: Grouping,
  key: Grouping,
  temperature: number,
): Promise<number> {
  const [ofQuery, ofKey] = [await activeOf(query), await activeOf(key)];
  const keys = ofKey.flatMap((active, image) => [...active].map((p) => ({ image, p })));
  const queries = keys.filter(({ image, p }) => ofQuery[image]?.has(p));
  if (queries.length === 0) return 0;
  const pick = async ({ slots }: Grouping, list: typeof keys) => {
    const values = await slots.array();
    return list.map(({ image, p }) => values[image]?.[p] as number[]);
  };
  const rows = tf.tensor2d(await pick(query, queries));
  const scoped = { get: (name: string) => parameters.get(`slotPredictor.${name}`) };
  const mask = tf.ones<tf.Rank.R1>([queries.length]);
  const predicted = await predictor.apply(scoped, { rows, mask }, { training: true }).array();
  const unit = (row: number[]) => row.map((value) => value / Math.hypot(...row));
  const normalized = (await pick(key, keys)).map(unit);
  const losses = predicted.map(unit).map((q, i) => {
    const logits = normalized.map(
      (k) => q.reduce((sum, v, d) => sum + v * (k[d] as number), 0) / temperature,
    );
    const at = keys.indexOf(queries[i] as (typeof keys)[0]);
    return Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit), 0)) - (logits[at] as number);
  });
  return (2 * temperature * losses.reduce((a, b) => a + b, 0)) / losses.length;
}

describeBackends('slotLoss', () => {
  it.each([
    [3, 9, 4],
    [3, 4, 20],
    [1, 6, 6],
  ])(
    'is that of lists of active slots: batch %i, %i cells, %i prototypes',
    async (batch, cells, prototypes) => {
      const [query, key] = [grouping(batch, cells, prototypes, 1), grouping(batch, cells, prototypes, 2)];
      const [ours, theirs] = [makeParameters(), makeParameters()];
      const { loss, active } = slotLoss(predictor, ours, query, key, 0.2);
      await expect(loss).toBeAllClose(await naive(theirs, query, key, 0.2), {
        relative: 1e-3,
        absolute: 1e-4,
      });
      const counts = (await activeOf(query)).map(({ size }) => size);
      await expect(active).toBeAllClose(counts.reduce((a, b) => a + b, 0) / batch, { relative: 1e-5 });
      // Only the slots that count have moved the statistics.
      for (const name of ['slotPredictor.1.running_mean', 'slotPredictor.4.running_var']) {
        await expect(ours.get(name)).toBeAllClose(theirs.get(name), { absolute: 1e-5 });
      }
    },
  );

  it('is 0 where the views of no image share an active prototype', async () => {
    const scores = (p: number) => tf.tile(tf.reshape(tf.oneHot(p, 3), [1, 1, 3]), [2, 4, 1]) as tf.Tensor3D;
    const slots = random([2, 3, dim], 3);
    const parameters = makeParameters();
    const { loss } = slotLoss(
      predictor,
      parameters,
      { scores: scores(0), slots },
      { scores: scores(1), slots },
      0.2,
    );
    await expect(loss).toBeAllClose(0);
    await expect(parameters.get('slotPredictor.1.running_mean')).toBeAllClose(new Float32Array(6));
  });

  it('has the gradient that differences show for the slots of the query view, and leaks nothing', async () => {
    const [query, key] = [grouping(2, 5, 3, 4), grouping(2, 5, 3, 5)];
    const parameters = makeParameters();
    const run = (slots: tf.Tensor3D) =>
      slotLoss(predictor, parameters, { scores: query.scores, slots }, key, 0.5).loss;
    await checkGradients(run, [query.slots], { epsilon: 3e-3, relative: 3e-2, absolute: 5e-3 });
    expectNoLeaks(() => tf.tidy(() => void run(query.slots)));
  });
});

describeBackends('grouping losses', () => {
  const grid = { height: 2, width: 3 };
  const distillation = () => ({
    studentTemperature: 0.1,
    teacherTemperature: 0.07,
    centre: tf.tensor1d([0.1, -0.1, 0, 0.2]),
  });
  const crop = (x0: number) => ({ box: { x0, y0: 0, x1: x0 + 30, y1: 20 }, flipped: false });

  it('compare the same places where the views overlap; images that share nothing do not count', async () => {
    const [student, teacher] = [random([2, 6, 4], 6), random([2, 6, 4], 7)];
    const options = distillation();
    const first = (x: tf.Tensor3D) => tf.reshape<tf.Rank.R2>(tf.slice(x, 0, 1), [6, 4]);
    const expected = groupingDistillation(first(student), first(teacher), options);
    const geometry = { query: [crop(0), crop(0)], key: [crop(0), crop(100)] };
    const loss = alignedGroupingLoss(student, teacher, grid, geometry, options);
    await expect(loss).toBeAllClose(expected, { relative: 1e-4 });
    const apart = { query: [crop(0), crop(0)], key: [crop(100), crop(100)] };
    await expect(alignedGroupingLoss(student, teacher, grid, apart, options)).toBeAllClose(0);
    // A third of a view to the right: column 1 of the query is column 0 of the key.
    const shifted = { query: [crop(0)], key: [crop(10)] };
    const columns = tf.tensor3d([[[9, 0, 0, 0], [0, 9, 0, 0], [0, 9, 0, 0]]]); // biome-ignore format: cells
    const moved = tf.tensor3d([[[0, 9, 0, 0], [0, 9, 0, 0], [9, 0, 0, 0]]]); // biome-ignore format: cells
    const strip = { height: 1, width: 3 };
    const none = { ...options, centre: tf.zeros<tf.Rank.R1>([4]) };
    await expect(alignedGroupingLoss(columns, moved, strip, shifted, none)).toBeAllClose(0, {
      absolute: 1e-4,
    });
  });

  it('compare matched cells, by their weights', async () => {
    const [student, teacher] = [random([1, 6, 4], 8), random([1, 6, 4], 9)];
    const options = distillation();
    const index = tf.tensor2d([[5, 4, 3, 2, 1, 0]], [1, 6], 'int32');
    const weight = tf.tensor2d([[1, 0, 0.5, 1, 1, 0.25]]);
    const rows = (x: tf.Tensor) => tf.reshape<tf.Rank.R2>(x, [6, 4]);
    const flat = tf.reshape<tf.Rank.R1>(weight, [6]);
    const expected = groupingDistillation(rows(student), rows(tf.reverse(teacher, 1)), {
      ...options,
      weight: flat,
    });
    await expect(matchedGroupingLoss(student, teacher, { index, weight }, options)).toBeAllClose(expected);
  });
});
