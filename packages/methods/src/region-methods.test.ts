import { resnet } from '@pixcon/backbones';
import { type Method, RandomStream, type StepContext, type ViewPair } from '@pixcon/core';
import { semanticReweighting, similarityMatching } from '@pixcon/matching';
import { valueAndGradients } from '@pixcon/ops';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { pixpro, slotcon } from './index.ts';

extendExpect();

const backbone = resnet({ block: 'basic', layers: [1, 1], planes: [4, 8], stemChannels: 4, outputStride: 8 });
const pix = { backbone, hidden: 12, dim: 8 } as const;
const slot = { ...pix, prototypes: 5, queueLength: 16, contrastHidden: 10, contrastDim: 6 } as const;

/** The paper's tables 5 and 6. */
const rows: readonly Method[] = [
  slotcon(slot),
  slotcon({ ...slot, imageWeight: 0.5, name: 'slotcon+img' }),
  slotcon({ ...slot, pixelWeight: 0.5, name: 'slotcon+pix' }),
  slotcon({ ...slot, inverseAugmentation: false, matching: similarityMatching(), name: 'slotcon-coord+sim' }),
  slotcon({ ...slot, inverseAugmentation: false, matching: similarityMatching(), imageWeight: 0.5, name: 'slotcon-coord+sim+img' }),
  slotcon({ ...slot, matching: similarityMatching(), name: 'slotcon+sim' }),
  slotcon({ ...slot, matching: semanticReweighting(similarityMatching()), name: 'slotcon+sim+sr' }),
  pixpro(pix),
  pixpro({ ...pix, imageWeight: 1, name: 'pixpro+img' }),
  pixpro({ ...pix, matching: similarityMatching(), name: 'pixpro+sim' }),
]; // biome-ignore format: rows

function makeBatch(): ViewPair {
  const view = (seed: number) => ({
    images: tf.randomNormal([4, 32, 32, 3], 0, 1, 'float32', seed) as tf.Tensor4D,
    geometry: Array.from({ length: 4 }, (_, i) => ({
      // From the same crop to none that is shared.
      box: { x0: 26 * i * seed, y0: 0, x1: 26 * i * seed + 80, y1: 80 },
      flipped: i % 2 === seed % 2,
    })),
  });
  return { views: [view(1), view(2)], names: ['a', 'b', 'c', 'd'] };
}

const context = (value = 0): StepContext => ({
  step: 0,
  targetMomentum: 0.9,
  random: new RandomStream(value),
});

/** Runs `use` on a state, a batch and its targets, and frees all. */
async function withTargets<Result>(
  method: Method,
  use: (
    state: ReturnType<Method['initialize']>,
    batch: ViewPair,
    targets: ReturnType<Method['encodeTargets']>,
  ) => Result | Promise<Result>,
): Promise<Result> {
  const state = method.initialize({ random: new RandomStream(1), batchSize: 4 });
  const batch = makeBatch();
  const targets = tf.tidy(() => method.encodeTargets(state, batch, context()));
  const result = await use(state, batch, targets);
  tf.dispose([targets, batch.views.map(({ images }) => images)]);
  state.dispose();
  return result;
}

/** Every scalar of every part, added up by name. */
function lossesOf(method: Method): Promise<Record<string, number>> {
  return withTargets(method, async (state, batch, targets) => {
    const sums: Record<string, number> = {};
    for (const part of method.losses(state, batch, targets, context())) {
      const scalars = tf.tidy(() => {
        const { total, terms, diagnostics } = part();
        return { total, ...terms, ...diagnostics };
      });
      for (const [name, scalar] of Object.entries(scalars)) {
        sums[name] = (sums[name] ?? 0) + ((await scalar.data())[0] as number);
      }
      tf.dispose(scalars);
    }
    return sums;
  });
}

describe('options', () => {
  it('are checked before anything is made', () => {
    expect(() => pixpro({ ...pix, radius: 0 })).toThrow('pixpro: radius must be a number above 0');
    expect(() => pixpro({ ...pix, imageWeight: -1 })).toThrow('imageWeight');
    expect(() => pixpro({ ...pix, exponent: -1 })).toThrow('exponent');
    expect(() => slotcon({ ...slot, groupWeight: 2 })).toThrow('slotcon: groupWeight must be');
    expect(() => slotcon({ ...slot, studentTemperature: 0 })).toThrow('studentTemperature');
    expect(() => slotcon({ ...slot, pixelWeight: -0.1 })).toThrow('pixelWeight');
    expect(() => slotcon({ ...slot, prototypes: 0 })).toThrow('prototypes');
    expect(() => slotcon({ ...slot, inverseAugmentation: false })).toThrow(
      'needs inverseAugmentation or a matching',
    );
  });

  it('appear in the record with their published defaults', () => {
    expect(pixpro({ backbone }).settings).toMatchObject({
      radius: 0.7,
      matching: null,
      exponent: 2,
      transformLayers: 1,
      imageWeight: 0,
      hidden: 4096,
      dim: 256,
      targetMomentum: 0.99,
    });
    expect(slotcon({ backbone, matching: similarityMatching() }).settings).toMatchObject({
      prototypes: 256,
      studentTemperature: 0.1,
      teacherTemperature: 0.07,
      centreMomentum: 0.9,
      groupWeight: 0.5,
      temperature: 0.2,
      inverseAugmentation: true,
      matching: { name: 'similarity' },
      imageWeight: 0,
      pixelWeight: 0,
      hidden: 4096,
      dim: 256,
      targetMomentum: 0.99,
    });
    for (const { settings } of rows) expect(JSON.parse(JSON.stringify(settings))).toEqual(settings);
  });
});

describeBackends('pixpro and slotcon', () => {
  it('add their terms up, each row of the tables another loss', async () => {
    const losses: [string, Record<string, number>][] = [];
    for (const method of rows) losses.push([method.name, await lossesOf(method)]);
    for (const [name, { total, group = 0, slot = 0, image = 0, dense = 0 }] of losses) {
      expect(total, name).toBeCloseTo(group + slot + image + dense, 4);
    }
    const by = Object.fromEntries(losses);
    expect(new Set(losses.map(([, { total }]) => total?.toFixed(5))).size).toBe(rows.length);
    // What is added leaves the rest as it is; groupings by coordinates and by similarity add up.
    for (const row of ['slotcon+img', 'slotcon+pix'])
      expect(by[row]?.group).toBeCloseTo(by.slotcon?.group ?? 0, 4);
    const both = (by.slotcon?.group ?? 0) + (by['slotcon-coord+sim']?.group ?? 0);
    expect(by['slotcon+sim']?.group).toBeCloseTo(both, 4);
    expect(by['slotcon-coord+sim']?.slot).toBeCloseTo(by.slotcon?.slot ?? 0, 4);
    expect(by['pixpro+img']?.dense).toBeCloseTo(by.pixpro?.dense ?? 0, 4);
    expect(Math.abs(by.pixpro?.dense ?? 9)).toBeLessThan(4);
    // Two directions, the matches of which all have weight 1.
    expect(by['slotcon+sim']?.matchWeight).toBeCloseTo(2, 5);
  });

  it('weigh their losses', async () => {
    const plain = await lossesOf(slotcon(slot));
    const group = await lossesOf(slotcon({ ...slot, groupWeight: 1 }));
    expect(group.slot).toBe(0);
    expect(group.group).toBeCloseTo(2 * (plain.group ?? 0), 4);
    const one = await lossesOf(pixpro({ ...pix, imageWeight: 1 }));
    const three = await lossesOf(pixpro({ ...pix, imageWeight: 3 }));
    expect(three.image).toBeCloseTo(3 * (one.image ?? 0), 4);
    const half = await lossesOf(slotcon({ ...slot, pixelWeight: 0.5 }));
    const whole = await lossesOf(slotcon({ ...slot, pixelWeight: 1 }));
    expect(whole.dense).toBeCloseTo(2 * (half.dense ?? 0), 4);
  });

  it('send a gradient to every parameter, from each part, and leak nothing', async () => {
    for (const method of [rows[0], rows[4], rows[2], rows[8]] as Method[]) {
      await withTargets(method, async (state, batch, targets) => {
        const variables = new Map(state.online.trainable().map(({ name }) => [name, state.online.get(name)]));
        for (const part of method.losses(state, batch, targets, context())) {
          const run = async () => {
            const { value, gradients } = valueAndGradients(() => part().total, variables);
            expect([...gradients.keys()].sort(), method.name).toEqual([...variables.keys()].sort());
            for (const [name, gradient] of gradients)
              expect(Number.isFinite((await gradient.data())[0]), name).toBe(true);
            tf.dispose([value, [...gradients.values()]]);
          };
          await run();
          await expectNoLeaks(run);
        }
      });
    }
  });

  it('move the target before it encodes, not after, and without predictors', async () => {
    for (const method of [pixpro({ ...pix, imageWeight: 1 }), slotcon({ ...slot, imageWeight: 0.5 })]) {
      await withTargets(method, async (state, _, targets) => {
        const names = state.target?.specs.map(({ name }) => name) ?? [];
        expect(names.filter((name) => /Predictor|centre/.test(name))).toEqual([]);
        expect(names).toContain('globalHead.0.weight');
        const name = 'backbone.layer1.0.conv1.weight';
        const [online, target] = [state.online.get(name), state.target?.get(name) as tf.Variable];
        tf.tidy(() => online.assign(tf.add(target, 1)));
        const before = (await target.data()).slice();
        tf.tidy(() => method.update(state, targets, context()));
        await expect(target).toBeAllClose(before);
        method.prepare?.(state, context());
        await expect(target).toBeAllClose(before.map((value) => value + 0.1), { absolute: 1e-5 }); // biome-ignore format: one
      });
    }
  });

  it('keep a centre of the teacher’s scores, which the loss of the next step sees', async () => {
    const method = slotcon(slot);
    await withTargets(method, async (state, batch, targets) => {
      const group = async () => {
        const term = tf.tidy(() => method.losses(state, batch, targets, context())[0]().terms.group);
        return (await (term as tf.Scalar).data())[0];
      };
      const before = await group();
      tf.tidy(() => method.update(state, targets, context()));
      const [first, second] = [targets.scores0, targets.scores1] as [tf.Tensor3D, tf.Tensor3D];
      const all = [...(await first.array()).flat(), ...(await second.array()).flat()];
      const means = Array.from({ length: 5 }, (_, p) => all.reduce((sum, row) => sum + (row[p] as number), 0) / all.length); // biome-ignore format: one
      await expect(state.online.get('centre')).toBeAllClose([means.map((mean) => 0.1 * mean)], {
        absolute: 1e-6,
      });
      expect(await group()).not.toBe(before);
      expect(state.online.trainable().some(({ name }) => name === 'centre')).toBe(false);
    });
  });

  it('give keys to the queues of their contrast losses only', async () => {
    const both = slotcon({ ...slot, imageWeight: 0.5, pixelWeight: 0.5 });
    await withTargets(both, (state, _, targets) => {
      tf.tidy(() => both.update(state, targets, context()));
      expect(Object.entries(state.queues).map(([name, { filled }]) => [name, filled])).toEqual([
        ['image', 4],
        ['dense', 4],
      ]);
    });
    await withTargets(slotcon(slot), (state) => expect(state.queues).toEqual({}));
  });
});
