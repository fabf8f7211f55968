import { checkGradients, describeBackends, expectNoLeaks, extendExpect } from '@pixcon/testing';
import * as tf from '@tensorflow/tfjs-core';
import { expect, it } from 'vitest';
import { groupingDistillation } from './index.ts';

extendExpect();

const random = (rows: number, prototypes: number, seed: number) =>
  tf.randomUniform<tf.Rank.R2>([rows, prototypes], -1, 1, 'float32', seed);

function softmax(row: readonly number[], temperature: number): number[] {
  const exponentials = row.map((value) => Math.exp((value - Math.max(...row)) / temperature));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/** The loss of each row, with loops. */
function naive(student: number[][], teacher: number[][], centre: readonly number[], ts: number, tt: number) {
  return student.map((row, i) => {
    const centred = (teacher[i] as number[]).map((value, p) => value - (centre[p] as number));
    const [target, probabilities] = [softmax(centred, tt), softmax(row, ts)];
    return -target.reduce((sum, t, p) => sum + t * Math.log(probabilities[p] as number), 0);
  });
}
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describeBackends('groupingDistillation', () => {
  it.each([
    [1, 0.1, 0.07],
    [5, 0.1, 0.07],
    [5, 1, 0.5],
  ])(
    'agrees with plain loops: %i cells, temperatures %d and %d',
    async (n, studentTemperature, teacherTemperature) => {
      const [student, teacher] = [random(n, 6, 1), random(n, 6, 2)];
      const centre = tf.tensor1d([0.1, -0.2, 0, 0.3, -0.1, 0.05]);
      const each = naive(await student.array(), await teacher.array(), await centre.array(), studentTemperature, teacherTemperature); // biome-ignore format: one
      const options = { studentTemperature, teacherTemperature, centre };
      await expect(groupingDistillation(student, teacher, options)).toBeAllClose(mean(each), {
        relative: 1e-5,
      });
      const weights = each.map((_, i) => (i * 0.4) % 1);
      const total = weights.reduce((a, b) => a + b, 0);
      const expected = each.reduce((sum, loss, i) => sum + loss * (weights[i] as number), 0);
      const weighted = groupingDistillation(student, teacher, { ...options, weight: tf.tensor1d(weights) });
      await expect(weighted).toBeAllClose(total === 0 ? 0 : expected / total, {
        relative: 1e-5,
        absolute: 1e-6,
      });
    },
  );

  it('is ln n where the student tells nothing, and the teacher’s entropy where it agrees', async () => {
    const teacher = random(4, 8, 3);
    await expect(groupingDistillation(tf.fill([4, 8], 0.3), teacher)).toBeAllClose(Math.log(8), {
      absolute: 1e-5,
    });
    const entropies = (await teacher.array()).map((row) => -softmax(row, 0.5).reduce((sum, p) => sum + p * Math.log(p), 0)); // biome-ignore format: one
    const options = { studentTemperature: 0.5, teacherTemperature: 0.5 };
    await expect(groupingDistillation(teacher, teacher, options)).toBeAllClose(mean(entropies), {
      relative: 1e-5,
    });
  });

  it('is uniform again where all that the teacher prefers is in the centre', async () => {
    const centre = tf.tensor1d([0.9, 0, -0.5, 0.2]);
    const teacher = tf.tile(tf.reshape(centre, [1, 4]), [3, 1]) as tf.Tensor2D;
    const student = random(3, 4, 4);
    const uniform = groupingDistillation(student, tf.zeros([3, 4]));
    await expect(groupingDistillation(student, teacher, { centre })).toBeAllClose(uniform, {
      relative: 1e-5,
    });
    await expect(groupingDistillation(student, tf.add(teacher, 5), { centre })).toBeAllClose(uniform, {
      relative: 1e-4,
    });
  });

  it('has the gradient that differences show, for the student only', async () => {
    const [student, teacher, centre] = [random(3, 4, 5), random(3, 4, 6), tf.tensor1d([0.1, 0, -0.1, 0.2])];
    const weight = tf.tensor1d([1, 0, 0.5]);
    await checkGradients((s) => groupingDistillation(s, teacher, { centre, weight }), [student], {
      epsilon: 3e-3,
      absolute: 5e-3,
    });
    const refused = 'Cannot compute gradient';
    expect(() =>
      tf.grad((t) => groupingDistillation(student, t as tf.Tensor2D, { centre }))(teacher),
    ).toThrow(refused);
    expect(() => tf.grad((c) => groupingDistillation(student, teacher, { centre: c as tf.Tensor1D }))(centre)).toThrow(refused); // biome-ignore format: one
    const none = { weight: tf.zeros<tf.Rank.R1>([3]) };
    await expect(groupingDistillation(student, teacher, none)).toBeAllClose(0);
    const gradient = tf.grad((s) => groupingDistillation(s as tf.Tensor2D, teacher, none))(student);
    await expect(gradient).toBeAllClose(tf.zerosLike(student));
  });

  it('leaks nothing, and says what is wrong', () => {
    const [student, teacher, centre] = [random(3, 4, 7), random(3, 4, 8), tf.zeros<tf.Rank.R1>([4])];
    expectNoLeaks(() => {
      groupingDistillation(student, teacher, { centre }).dispose();
      tf.grad((s) => groupingDistillation(s as tf.Tensor2D, teacher, { centre }))(student).dispose();
    });
    expect(() => groupingDistillation(student, random(3, 5, 1))).toThrow('teacher must have shape [3, 4]');
    expect(() => groupingDistillation(student, teacher, { centre: tf.zeros([3]) })).toThrow('centre');
    expect(() => groupingDistillation(student, teacher, { weight: tf.zeros([4]) })).toThrow('weight');
    expect(() => groupingDistillation(student, teacher, { teacherTemperature: 0 })).toThrow(
      'teacherTemperature must be a number above 0',
    );
    tf.dispose([student, teacher, centre]);
  });
});
