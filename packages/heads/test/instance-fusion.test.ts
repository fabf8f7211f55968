import { ParameterSet, RandomStream } from '@pixcon/core';
import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { instanceFusion } from '../src/index.ts';

extendExpect();

const training = { training: true };

describeBackends('instanceFusion', () => {
  it('puts the rows of an image end to end, with loops', async () => {
    const fusion = instanceFusion({ count: 3, dim: 2 });
    const parameters = ParameterSet.create(fusion.parameters, new RandomStream(1));
    const rows = tf.randomNormal<tf.Rank.R2>([12, 2], 0, 1, 'float32', 2);
    const result = fusion.apply(parameters, rows, training);
    const weight = (await parameters.get('0.weight').array()) as number[][];
    const bias = (await parameters.get('0.bias').array()) as number[];
    const values = await rows.array();
    const expected = Array.from({ length: 4 }, (_, image) =>
      bias.map((start, out) => {
        let sum = start;
        for (let k = 0; k < 3; k++) {
          for (let c = 0; c < 2; c++) {
            sum += (values[image * 3 + k]?.[c] as number) * (weight[k * 2 + c]?.[out] as number);
          }
        }
        return sum;
      }),
    );
    expect(result.shape).toEqual([4, 2]);
    expect(await result.data<'float32'>()).toBeAllClose(expected.flat(), { absolute: 1e-5 });
    await expectNoLeaks(
      async () => await checkGradients((x) => fusion.apply(parameters, x, training), [rows]),
    );
    tf.dispose([rows, result]);
    parameters.dispose();
  });

  it('refuses rows that do not fit', () => {
    const fusion = instanceFusion({ count: 3, dim: 2 });
    const parameters = ParameterSet.create(fusion.parameters, new RandomStream(1));
    const rows = tf.zeros<tf.Rank.R2>([7, 2]);
    expect(() => fusion.apply(parameters, rows, training)).toThrow(
      'input must have shape [9, 2], got [7, 2]',
    );
    expect(() => instanceFusion({ count: 0 })).toThrow('count');
    rows.dispose();
    parameters.dispose();
  });
});
