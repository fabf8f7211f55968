import type { MatchInput } from '@pixcon/core';
import { cellCentre } from '@pixcon/core';
import { valueAndGradients } from '@pixcon/ops';
import { describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { coordinateMatching, overlapMask, semanticReweighting, similarityMatching } from '../src/index.ts';
import { naiveCosine, randomInput } from './random-input.ts';
import { readFixture, readGeometry } from './read-fixture.ts';

extendExpect();

const disposeInput = ({ query, key }: MatchInput) => tf.dispose([query, key]);

describeBackends('similarityMatching', () => {
  it.each([1, 4])('finds the largest cosine of each query cell, batch %i', async (batch) => {
    const input = randomInput(1, { batch });
    const { index, weight, similarity } = similarityMatching()(input);
    expect([index.dtype, index.shape]).toEqual(['int32', [batch, 12]]);
    await expect(weight).toBeAllClose(new Float32Array(batch * 12).fill(1));
    const [picked, similarities] = await Promise.all([index.data(), similarity?.data()]);
    for (let image = 0; image < batch; image++) {
      for (let i = 0; i < 12; i++) {
        const cosines = await Promise.all(
          Array.from({ length: 12 }, (_, j) => naiveCosine(input, image, i, j)),
        );
        const best = Math.max(...cosines);
        expect(picked[image * 12 + i]).toBe(cosines.indexOf(best));
        expect(similarities?.[image * 12 + i]).toBeCloseTo(best, 5);
      }
    }
    tf.dispose([index, weight, similarity as tf.Tensor]);
    disposeInput(input);
  });

  it('does not see the length of features, and takes the first of equals', async () => {
    const input = randomInput(2);
    const scaled = { ...input, query: tf.mul(input.query, 7), key: tf.mul(input.key, 0.01) };
    const same = { ...input, query: tf.ones([3, 12, 5]), key: tf.ones([3, 12, 5]) } as MatchInput;
    const matching = similarityMatching();
    expect(await matching(scaled as MatchInput).index.data()).toEqual(await matching(input).index.data());
    const uniform = matching(same);
    await expect(uniform.similarity as tf.Tensor).toBeAllClose(new Float32Array(36).fill(1));
    const picked = await uniform.index.data();
    expect(picked.every((cell) => cell >= 0 && cell < 12)).toBe(true);
  });

  it('matches a view to itself cell by cell', async () => {
    const { query, ...rest } = randomInput(3, { channels: 16 });
    const { index } = similarityMatching()({ ...rest, query, key: query });
    expect([...(await index.data())]).toEqual(Array.from({ length: 36 }, (_, i) => i % 12));
  });
});

describeBackends('coordinateMatching', () => {
  it('finds the nearest centre, and the cells in the overlap', async () => {
    for (let seed = 0; seed < 12; seed++) {
      const input = randomInput(seed, { batch: 2, channels: 1 });
      const { grid, queryGeometry, keyGeometry } = input;
      const { index, weight } = coordinateMatching()(input);
      expect([index.dtype, index.shape]).toEqual(['int32', [2, 12]]);
      await expect(weight).toBeAllClose(overlapMask(queryGeometry, keyGeometry, grid));
      const picked = await index.data();
      for (const [image, query] of queryGeometry.entries()) {
        const key = keyGeometry[image] as typeof query;
        for (let i = 0; i < 12; i++) {
          const from = cellCentre(query, grid, Math.floor(i / 4), i % 4);
          const distances = Array.from({ length: 12 }, (_, j) => {
            const to = cellCentre(key, grid, Math.floor(j / 4), j % 4);
            return Math.hypot(to.x - from.x, to.y - from.y);
          });
          const nearest = Math.min(...distances);
          expect(distances[picked[image * 12 + i] as number]).toBeCloseTo(nearest, 9);
        }
      }
      tf.dispose([index, weight]);
      disposeInput(input);
    }
  });

  it('is the identity for equal crops, mirrored by a flip', async () => {
    const input = randomInput(4, { batch: 1 });
    const [view] = input.queryGeometry;
    const box = (view as NonNullable<typeof view>).box;
    const pick = async (query: boolean, key: boolean) => [
      ...(await coordinateMatching()({
        ...input,
        queryGeometry: [{ box, flipped: query }],
        keyGeometry: [{ box, flipped: key }],
      }).index.data()),
    ];
    const identity = Array.from({ length: 12 }, (_, i) => i);
    expect(await pick(false, false)).toEqual(identity);
    expect(await pick(true, true)).toEqual(identity);
    expect(await pick(true, false)).toEqual([3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8]);
  });
});

describeBackends('semanticReweighting', () => {
  it.each([
    {},
    { sharpening: 1 },
    { sharpening: 3.5 },
    { mask: 'area' },
    { mask: 'truncated' },
    { similarity: false },
    { similarity: false, mask: 'area', sharpening: 3 },
    { spatial: false },
    { spatial: false, reference: true },
    { spatial: false, reference: true, sharpening: 3 },
    { spatial: false, similarity: false },
    { reference: true },
  ] as const)('gives the weights of the definition: %j', async (options) => {
    const {
      sharpening = 2,
      spatial = true,
      similarity = true,
      reference = false,
    } = options as {
      sharpening?: number;
      spatial?: boolean;
      similarity?: boolean;
      reference?: boolean;
    };
    const rule = 'mask' in options ? options.mask : reference ? 'truncated' : 'centre';
    const input = randomInput(5, { batch: 4 });
    const match = semanticReweighting(similarityMatching(), options)(input);
    const plain = similarityMatching()(input);
    expect(await match.index.data()).toEqual(await plain.index.data());
    const cosines = (await plain.similarity?.data()) as Float32Array;
    const inside = overlapMask(input.queryGeometry, input.keyGeometry, input.grid, rule);
    const expected = cosines.map((cosine, at) => {
      const start = at - (at % 12);
      const own = [...cosines.slice(start, start + 12)];
      const lowest = Math.min(...own);
      const highest = Math.max(-2, ...own.filter((_, i) => (inside[start + i] as number) < 1));
      const m = inside[at] as number;
      let weight = 1;
      if (spatial && similarity)
        weight = m === 1 ? 1 : m + (1 - m) * ((cosine - lowest) / (highest - lowest));
      else if (spatial) weight = m;
      else if (similarity) weight = reference ? cosine : Math.max(cosine, 0);
      return weight ** sharpening;
    });
    await expect(match.weight).toBeAllClose(expected, { relative: 1e-4, absolute: 1e-5 });
    tf.dispose([match, plain] as unknown as tf.TensorContainer);
    disposeInput(input);
  });

  it('reproduces the authors’ matches and weights', async () => {
    const read = readFixture();
    const grid = { height: 3, width: 3 };
    const [queryGeometry, keyGeometry] = [readGeometry(read, 0), readGeometry(read, 1)];
    for (const sharpening of [1, 2]) {
      const [index, cosines] = [read(`gamma${sharpening}/match12`), read(`gamma${sharpening}/similarity12`)];
      const inner = () => ({
        index: tf.tensor2d(index.data, [16, 9], 'int32'),
        weight: tf.ones([16, 9]) as tf.Tensor2D,
        similarity: tf.max(tf.tensor3d(cosines.data, [16, 9, 9]), 2) as tf.Tensor2D,
      });
      const features = tf.zeros([16, 9, 1]) as tf.Tensor3D;
      const input = { query: features, key: features, grid, queryGeometry, keyGeometry };
      const { weight } = semanticReweighting(inner, { sharpening, reference: true })(input);
      await expect(weight).toBeAllClose(Float32Array.from(read(`gamma${sharpening}/sr_weights12`).data), {
        relative: 0,
        absolute: 1e-5,
      });
    }
    const [query, key] = ['backbone_q1', 'backbone_k2'].map((name) =>
      tf.tensor3d(read(name).data, read(name).shape as [number, number, number]),
    ) as [tf.Tensor3D, tf.Tensor3D];
    const first = { grid, queryGeometry: queryGeometry.slice(0, 4), keyGeometry: keyGeometry.slice(0, 4) };
    const match = semanticReweighting(similarityMatching(), { reference: true })({ query, key, ...first });
    expect([...(await match.index.data())]).toEqual(read('gamma2/match12').data.slice(0, 36));
    await expect(match.weight).toBeAllClose(
      Float32Array.from(read('gamma2/sr_weights12').data.slice(0, 36)),
      {
        relative: 0,
        absolute: 1e-5,
      },
    );
  });

  it('stays finite where all cosines are equal, with any mask', async () => {
    const everywhere = { box: { x0: 0, y0: 0, x1: 9, y1: 9 }, flipped: false };
    const away = { box: { x0: 20, y0: 0, x1: 29, y1: 9 }, flipped: false };
    const half = { box: { x0: 4.5, y0: 0, x1: 13.5, y1: 9 }, flipped: false };
    const features = tf.ones([3, 12, 5]) as tf.Tensor3D;
    const blank = tf.zeros([3, 12, 5]) as tf.Tensor3D;
    const geometry = {
      grid: { height: 3, width: 4 },
      queryGeometry: [everywhere, everywhere, everywhere],
      keyGeometry: [everywhere, away, half],
    };
    for (const constant of [features, blank]) {
      const { weight } = semanticReweighting(similarityMatching())({
        query: constant,
        key: constant,
        ...geometry,
      });
      const values = [...(await weight.data())];
      expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
      expect(values.slice(0, 12)).toEqual(new Array(12).fill(1));
      expect(values.slice(24).filter((_, i) => i % 4 >= 2)).toEqual(new Array(6).fill(1));
    }
  });

  it('does not mix images', async () => {
    const input = randomInput(6, { batch: 3 });
    const matching = semanticReweighting(similarityMatching());
    const together = await matching(input).weight.data();
    for (const image of [0, 1, 2]) {
      const alone = matching({
        ...input,
        query: tf.slice(input.query, [image, 0, 0], [1, 12, 5]),
        key: tf.slice(input.key, [image, 0, 0], [1, 12, 5]),
        queryGeometry: input.queryGeometry.slice(image, image + 1),
        keyGeometry: input.keyGeometry.slice(image, image + 1),
      });
      await expect(alone.weight).toBeAllClose(together.slice(12 * image, 12 * image + 12));
    }
  });

  it('wraps a matching that gives no similarity', async () => {
    const input = randomInput(7);
    const match = semanticReweighting(coordinateMatching(), {
      spatial: false,
      sharpening: 1,
      reference: true,
    })(input);
    const index = await match.index.data();
    const expected = await Promise.all(
      Array.from(index, (j, at) => naiveCosine(input, Math.floor(at / 12), at % 12, j)),
    );
    expect(await match.index.data()).toEqual(await coordinateMatching()(input).index.data());
    await expect(match.weight).toBeAllClose(Float32Array.from(expected), { absolute: 1e-5 });
  });

  it('names the mistake', () => {
    const wrap = (options: object) => () => semanticReweighting(similarityMatching(), options);
    expect(wrap({ sharpening: 0 })).toThrow('sharpening must be a number above 0');
    expect(wrap({ sharpening: 1.5, spatial: false, reference: true })).toThrow('whole number');
    expect(wrap({ mask: 'box' })).toThrow('mask must be one of');
    const input = randomInput(8);
    expect(() => similarityMatching()({ ...input, grid: { height: 2, width: 2 } })).toThrow(
      'query must have shape',
    );
    expect(() => coordinateMatching()({ ...input, keyGeometry: [] })).toThrow('the number of key views');
    disposeInput(input);
  });
});

describeBackends('every matching', () => {
  it('leaks nothing and carries no gradient', async () => {
    const input = randomInput(9);
    const strategies = [
      similarityMatching(),
      coordinateMatching(),
      semanticReweighting(similarityMatching()),
      semanticReweighting(coordinateMatching(), { mask: 'area' }),
      semanticReweighting(similarityMatching(), { spatial: false, similarity: false }),
    ];
    const features = tf.variable(input.query) as tf.Variable<tf.Rank.R3>;
    for (const matching of strategies) {
      expectNoLeaks(() => {
        const { index, weight, similarity } = matching(input);
        tf.dispose([index, weight, ...(similarity ? [similarity] : [])]);
      });
      const { value, gradients } = valueAndGradients(
        () => {
          const { weight } = matching({ ...input, query: features as unknown as tf.Tensor3D });
          return tf.add(tf.sum(weight), tf.sum(tf.mul(features, 0))) as tf.Scalar;
        },
        new Map([['features', features]]),
      );
      await expect(gradients.get('features') as tf.Tensor).toBeAllClose(new Float32Array(features.size));
      tf.dispose([value, ...gradients.values()]);
    }
    features.dispose();
    disposeInput(input);
  });
});
