import { byolAugmentation } from '@pixcon/augment';
import {
  type Backbone,
  type ImageDataset,
  type Losses,
  type Match,
  type MatchingStrategy,
  type Method,
  type Optimizer,
  PixconError,
} from '@pixcon/core';
// biome-ignore lint/style/noRestrictedImports: the package knows methods by their interface; its tests train real ones
import { pixcon, pixpro } from '@pixcon/methods';
import { sgd } from '@pixcon/optimizers';
import { describeBackends } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type PretrainEvent, type PretrainOptions, pretrain } from '../src/index.ts';
import { tinyImages, tinyMoCo, tinyOptions, tinyPixCon } from './tiny-run.ts';

interface Told {
  readonly error: PixconError | undefined;
  readonly warnings: readonly string[];
}

/** Eight steps, fetched at the first, fourth and last. */
async function train(
  method: Method,
  options: Partial<PretrainOptions> = {},
  images: ImageDataset = tinyImages(16),
): Promise<Told> {
  const warnings: string[] = [];
  const before = tf.memory().numTensors;
  let error: PixconError | undefined;
  const onEvent = (event: PretrainEvent) => {
    if (event.type === 'warning' && !event.message.includes('too few for a dense loss'))
      warnings.push(event.message);
  };
  try {
    const settings = { ...tinyOptions, epochs: 2, logEverySteps: 4, onEvent };
    const { state } = await pretrain(method, images, { ...settings, ...options });
    state.dispose();
  } catch (thrown) {
    if (!PixconError.isInstance(thrown)) throw thrown;
    error = thrown;
  }
  expect(tf.memory().numTensors, 'tensors left').toBe(before);
  return { error, warnings };
}

const messageOf = async (...run: Parameters<typeof train>) => (await train(...run)).error?.message;

const { backbone } = tinyPixCon();
const sizes = { backbone, queueLength: 12, hidden: 8, dim: 8 };
/** From step `from` on, counted from 1, each match is changed. */
function spoiling(change: (match: Match) => Partial<Match>, from = 1): MatchingStrategy {
  const inner = tinyPixCon().matching as MatchingStrategy;
  let calls = 0;
  return (input) => {
    const match = inner(input);
    // Two directions a step.
    return calls++ < 2 * (from - 1) ? match : { ...match, ...change(match) };
  };
}
const weighing = (value: number) =>
  spoiling(({ weight }) => ({ weight: tf.fill<tf.Rank.R2>(weight.shape, value) }));
const lateWeight = (value: number, from: number) =>
  spoiling(({ weight }) => ({ weight: tf.fill<tf.Rank.R2>(weight.shape, value) }), from);

/** A method with other losses. */
function changing(change: (losses: Losses, method: Method) => unknown, inner = tinyMoCo()): Method {
  return {
    ...inner,
    losses(...input) {
      const [first, ...others] = inner.losses(...input);
      return [
        () => change(first(), inner) as Losses,
        ...others.map((part) => () => change(part(), inner) as Losses),
      ];
    },
  };
}

describeBackends(
  'a matching that is not sound',
  (backend) => {
    it.each([
      [Number.NaN, 'NaN'],
      [-1, '-1'],
      [Number.POSITIVE_INFINITY, 'Infinity'],
    ])('is named at the first step: weight %d', async (value, shown) => {
      const message = `matching: weight must be finite and not negative, got ${shown} for cell 0 of image 0`;
      expect(await messageOf(pixcon({ ...sizes, matching: weighing(value) }))).toBe(message);
      if (backend === 'wasm')
        expect(await messageOf(pixpro({ ...sizes, matching: weighing(value) }))).toBe(message);
    });

    it('is named where its index is no cell', async () => {
      const astray = spoiling(({ index }) => ({ index: tf.fill(index.shape, 99, 'int32') }));
      expect(await messageOf(pixcon({ ...sizes, matching: astray }))).toBe(
        'matching: index must be a key cell, from 0 to 63, got 99 for cell 0 of image 0',
      );
    });

    it.runIf(backend === 'wasm')('is named where it becomes so later', async () => {
      expect(await messageOf(pixcon({ ...sizes, matching: lateWeight(Number.NaN, 6) }))).toMatch(
        /^matching: weight must be finite and not negative, got some at step 6 that are not finite, though the features are: \w+ became NaN; look at the matching, or at the images of that batch: image-/,
      );
      expect(await messageOf(pixcon({ ...sizes, matching: lateWeight(-1, 6) }))).toMatch(
        /^matching: weight must be finite and not negative, got some at step 6 that are negative and add up to -512;/,
      );
    });
  },
  { backends: ['wasm', 'tensorflow'] },
);

describeBackends(
  'a part that hands over something else',
  () => {
    it('is named by its interface: matching', async () => {
      const short = spoiling(() => ({ weight: tf.ones([2, 1]) }));
      const message = 'matching: weight must have shape [4, 64], got [2, 1]';
      expect(await messageOf(pixcon({ ...sizes, matching: short }))).toBe(message);
      expect(await messageOf(pixpro({ ...sizes, matching: short }))).toBe(message);
    });

    it('is named by its interface: backbone', async () => {
      const narrow: Backbone = { ...backbone, channels: 16 };
      expect(await messageOf({ ...pixcon({ ...sizes, backbone: narrow }) })).toBe(
        'backbone resnet: its feature map must have shape [4, rows, columns, 16], got [4, 8, 8, 8]',
      );
      const broken: Backbone = {
        ...backbone,
        apply: (...input) => tf.mul(backbone.apply(...input), Number.NaN),
      };
      expect(await messageOf(pixcon({ ...sizes, backbone: broken }))).toMatch(
        /^backbone resnet: its feature map must be finite, but holds a value that is not at step 1, for finite images;/,
      );
    });

    it.each<[string, (losses: Losses) => unknown, string]>([
      [
        'no scalar',
        (losses) => ({ ...losses, total: tf.ones([4]) }),
        'total must be a scalar, got shape [4]; average it, or add it up',
      ],
      ['a number', (losses) => ({ ...losses, total: 3 }), 'total must be a scalar, got a number'],
      ['nothing', () => undefined, 'total must be a scalar, got undefined'],
      [
        'another type',
        (losses) => ({ ...losses, total: tf.scalar(3, 'int32') }),
        'total must be of float32, got int32',
      ],
      [
        'a term that is none',
        (losses) => ({ ...losses, terms: { image: tf.ones([2]) } }),
        'terms.image must be a scalar, got shape [2]; average it, or add it up',
      ],
      [
        'no diagnostics',
        ({ total, terms }) => ({ total, terms }),
        'diagnostics must be scalars by name, got undefined',
      ],
      [
        'a name that is taken',
        (losses) => ({ ...losses, diagnostics: { step: tf.scalar(1) } }),
        'diagnostics has a step, which a record of metrics has already; rename it',
      ],
    ])('is named by its interface: a loss of %s', async (_, change, message) => {
      expect(await messageOf(changing(change))).toBe(`moco-v2-plus: losses: ${message}`);
    });

    it('is named by its interface: loss parts, targets, state, queues', async () => {
      const inner = tinyMoCo();
      const changed = (changes: object) => messageOf({ ...inner, ...changes });
      expect(await changed({ losses: () => [] })).toBe(
        'moco-v2-plus: losses must return a list of functions, one for each part of the loss, got a list of nothing',
      );
      expect(await changed({ losses: () => tf.scalar(1) })).toMatch(/list of functions.*got a tensor$/);
      expect(await changed({ encodeTargets: () => ({ image0: [1, 2] }) })).toBe(
        'moco-v2-plus: encodeTargets: image0 must be a tensor, got an array',
      );
      expect(await changed({ encodeTargets: () => undefined })).toMatch(
        /must return tensors by name, got undefined/,
      );
      expect(await changed({ backbonePrefix: 'encoder' })).toMatch(
        /^moco-v2-plus: initialize must give online the parameters of the backbone under the prefix encoder, and encoder\.conv1\.weight is not there$/,
      );
      const initialize: Method['initialize'] = (options) => {
        const state = inner.initialize(options);
        const { image } = state.queues as { readonly image: object };
        return { ...state, queues: { image: Object.assign(Object.create(image), { length: 13 }) } };
      };
      expect(await changed({ initialize })).toMatch(/^moco-v2-plus: queue image: /);
    });

    it('is named where it is not finite: initial parameters, targets, loss', async () => {
      const inner = tinyMoCo();
      const initialize: Method['initialize'] = (options) => {
        const state = inner.initialize(options);
        const weight = state.online.get('backbone.conv1.weight');
        tf.tidy(() => weight.assign(tf.mul(weight, Number.NaN)));
        return state;
      };
      expect(await messageOf({ ...inner, initialize })).toMatch(
        /^moco-v2-plus: initialize must give finite parameters, but backbone\.conv1\.weight holds a value that is not;/,
      );
      const encodeTargets: Method['encodeTargets'] = (...input) => {
        const { image0, image1 } = inner.encodeTargets(...input) as Record<string, tf.Tensor>;
        return { image0: image0 as tf.Tensor, image1: tf.mul(image1 as tf.Tensor, Number.NaN) };
      };
      expect(await messageOf({ ...inner, encodeTargets })).toMatch(
        /^moco-v2-plus: encodeTargets: image1 must be finite, but holds a value that is not at step 1;/,
      );
      const nan = changing((losses) => ({ ...losses, total: tf.mul(losses.total, Number.NaN) }));
      expect(await messageOf(nan)).toMatch(
        /^moco-v2-plus: losses: total must be finite, but is NaN at step 1 \(total NaN, image [\d.]+\), from finite features; .*image-/,
      );
    });

    it('is named where the loss has no gradient, or one that is not finite', async () => {
      expect(await messageOf(changing((losses) => ({ ...losses, total: tf.scalar(3), terms: {} })))).toMatch(
        /^moco-v2-plus: losses: total must depend on the parameters of online, but none of its \d+ has a gradient; /,
      );
      const flat = changing((losses) => ({ ...losses, total: tf.mul(losses.total, 0), terms: {} }));
      expect(await messageOf(flat)).toMatch(
        /^moco-v2-plus: losses: total must change with the parameters of online, but every gradient is 0 at step 1;/,
      );
      const infinite = changing(({ total, ...rest }) => ({
        ...rest,
        // Its value is 0, and its slope there is not finite.
        total: tf.sqrt(tf.mul(total, 0)),
        terms: {},
      }));
      expect(await messageOf(infinite)).toMatch(
        /^moco-v2-plus: losses: the gradient of [\w.]+ must be finite, but is not at step 1, though the loss is \(total 0\);/,
      );
    });

    it('is named where it is the augmentation', async () => {
      const augmentation = { ...byolAugmentation(), standardDeviation: [0.2, Number.NaN, 0.2] as const };
      expect(await messageOf(tinyMoCo(), { augmentation })).toMatch(/standardDeviation/);
    });

    it('is named where it is the optimizer', async () => {
      const { update, ...rest } = sgd();
      const optimizer: Optimizer = {
        ...rest,
        name: 'mine',
        update(parameters, gradients, learningRate) {
          update(parameters, gradients, learningRate);
          const [name = ''] = gradients.keys();
          tf.tidy(() => parameters.get(name).assign(tf.mul(parameters.get(name), Number.NaN)));
        },
      };
      expect(await messageOf(tinyMoCo(), { optimizer })).toMatch(
        /^optimizer mine: update must leave the parameters finite, but [\w.]+ is not after step 1, for finite gradients and a learning rate of 0\.\d+;/,
      );
    });

    it.each<[string, unknown, RegExp]>([
      [
        'of RGBA',
        { data: new Uint8Array(1600), width: 20, height: 20 },
        /must give 1200 bytes of RGB, 20 × 20 for image-\d\d\.png, got 1600 \(4 channels\)/,
      ],
      [
        'of numbers',
        { data: new Float32Array(1200), width: 20, height: 20 },
        /must give a Uint8Array, from 0 to 255 for image-\d\d\.png, got Float32Array/,
      ],
      [
        'without a size',
        { data: new Uint8Array(1200) },
        /a width and a height in whole pixels for .*, got undefined and undefined/,
      ],
      ['that is none', undefined, /a width and a height in whole pixels/],
    ])('is named where it is the data set: an image %s', async (_, image, message) => {
      const images = { ...tinyImages(16), load: async () => image as never };
      expect(await messageOf(tinyMoCo(), {}, images)).toMatch(message);
    });
  },
  { backends: ['wasm'] },
);

describeBackends(
  'what may be meant so',
  () => {
    it('is told: terms that do not add up, parameters without a gradient', async () => {
      const inner = tinyMoCo();
      expect((await train(inner)).warnings).toEqual([]);
      const terms = changing((losses) => ({ ...losses, terms: { image: tf.mul(losses.total, 3) } }));
      expect((await train(terms)).warnings).toEqual([
        expect.stringMatching(
          /^moco-v2-plus: losses: the terms \(image\) must add up to total, but give [\d.]+ at step 1/,
        ),
      ]);
      // A method whose predictor takes no part.
      const withPredictor = pixcon(sizes);
      const initialize: Method['initialize'] = (options) => withPredictor.initialize(options);
      const alone: Method = {
        ...withPredictor,
        initialize,
        losses: (...input) => {
          const [first] = withPredictor.losses(...input);
          return [
            () => {
              const { terms: named, diagnostics } = first();
              return {
                total: named.image as tf.Scalar,
                terms: { image: named.image as tf.Scalar },
                diagnostics,
              };
            },
          ];
        },
      };
      const [told, ...others] = (await train(alone)).warnings;
      expect(told).toMatch(
        /^\d+ parameters had no gradient in the first 3 steps and will not learn: denseHead\.[\w.]+, .* and \d+ more; leave them out/,
      );
      expect(others).toEqual([]);
      expect(
        (await train({ ...alone, withoutGradient: ['denseHead.', 'densePredictor.'] })).warnings,
      ).toEqual([]);
      expect((await train(pixcon({ ...sizes, denseWeight: 0 }))).warnings).toEqual([]);
    });

    it('is a step in which no match counts, and told where none ever does', async () => {
      const from = spoiling(({ weight }) => ({ weight: tf.zerosLike(weight) }));
      const { error, warnings } = await train(pixpro({ ...sizes, matching: from }));
      expect(error).toBeUndefined();
      expect(warnings).toEqual([
        'nothing was learned in the first 3 steps: the matching gave every cell the weight 0',
      ]);
    });
  },
  { backends: ['wasm'] },
);

describe('trainStep', () => {
  it('refuses a learning rate that is none', async () => {
    const { trainStep } = await import('../src/index.ts');
    const method = tinyMoCo();
    const step = (learningRate: number) =>
      trainStep(method, {} as never, sgd(), { views: [], names: [] } as never, {
        learningRate,
        step: 0,
        targetMomentum: 0.9,
        random: undefined as never,
      });
    for (const rate of [Number.NaN, -0.1, Number.POSITIVE_INFINITY])
      expect(() => step(rate)).toThrow(`trainStep: learningRate must be a number of at least 0, got ${rate}`);
  });
});
