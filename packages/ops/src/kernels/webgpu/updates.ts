import * as tf from '@tensorflow/tfjs-core';
import type {
  Kernels,
  MomentumUpdate,
  ParameterUpdate,
  SumPair,
  TargetUpdate,
  UpdateKernels,
} from '../types.ts';
import { isHalf } from './half-tensors.ts';
import { larsUpdates } from './lars-updates.ts';
import { ownMemory, ownsMemory } from './owned-memory.ts';
import { batches, returnIf, runTogether } from './parts.ts';
import { vectors } from './program.ts';
import { runWebgpuProgram } from './run-program.ts';

const workgroupSize = 256;

/** Updates in the parameters' own memory. A dispatch takes as many of them as the device binds buffers at once. */
export const webgpuUpdates: UpdateKernels & Required<Pick<Kernels, 'addTo'>> = {
  momentumUpdate(variable, velocity, gradient, options) {
    momentumUpdates([{ variable, velocity, gradient }], options);
  },
  momentumUpdates,

  larsUpdates,

  moveTowards(target, online, momentum) {
    moveAllTowards([{ target, online }], momentum);
  },
  moveAllTowards,

  addAll,
  addTo: (pair) => addAll([pair])[0] as tf.Tensor,

  ringWrite(ring, rows, pointer) {
    const [count, dim] = rows.shape;
    const length = ring.shape[0] as number;
    ownMemory(ring);
    const vector = dim % 4 === 0;
    const columns = vector ? dim / 4 : dim;
    runWebgpuProgram({
      name: 'ring write',
      inputs: { rows: vectors(rows, vector) },
      outputs: { ring: { inPlace: ring, vector } },
      integers: { count: count * columns, columns, length },
      // A float, which is not cached as the sizes are: it is another one at every step.
      floats: { pointer },
      workgroupSize,
      workgroups: Math.ceil((count * columns) / workgroupSize),
      cost: { bytes: 8 * rows.size, necessaryBytes: 8 * rows.size },
      shader: () => ({
        body: `if (index < uniforms.count) {
          let row = (i32(uniforms.pointer) + index / uniforms.columns) % uniforms.length;
          ring[row * uniforms.columns + index % uniforms.columns] = rows[index];
        }`,
      }),
    });
  },
};

function momentumUpdates(updates: readonly ParameterUpdate[], options: MomentumUpdate): void {
  const { learningRate, momentum, weightDecay, skip } = options;
  for (const { variable, velocity } of updates) {
    ownMemory(variable);
    ownMemory(velocity);
  }
  for (const batch of batches(updates, 3, ({ variable }) => variable.size, skip ? 1 : 0)) {
    runTogether(
      'momentum update',
      batch.map(({ variable, velocity, gradient }) => ({
        size: variable.size,
        inputs: { gradient },
        outputs: { variable, velocity },
      })),
      { learningRate, momentum, weightDecay },
      ({ gradient, variable, velocity }) => `${returnIf(skip)}
        let direction = uniforms.momentum * ${velocity}[at]
          + (${gradient}[at] + uniforms.weightDecay * ${variable}[at]);
        ${velocity}[at] = direction;
        ${variable}[at] -= uniforms.learningRate * direction;`,
      { inputs: { ...(skip && { skip }) } },
    );
  }
}

function moveAllTowards(updates: readonly TargetUpdate[], momentum: number): void {
  for (const { target } of updates) ownMemory(target);
  for (const batch of batches(updates, 2, ({ target }) => target.size)) {
    runTogether(
      'target update',
      batch.map(({ target, online }) => ({ size: target.size, inputs: { online }, outputs: { target } })),
      { momentum },
      ({ online, target }) =>
        `${target}[at] = uniforms.momentum * ${target}[at] + (1.0 - uniforms.momentum) * ${online}[at];`,
    );
  }
}

function addAll(pairs: readonly SumPair[]): tf.Tensor[] {
  const sums = pairs.map(({ total, part }) => {
    if (ownsMemory(total) && total.dataId !== part.dataId) return total;
    const sum = isHalf(total) || isHalf(part) ? addHalves(total, part) : tf.add(total, part);
    total.dispose();
    return sum;
  });
  const inPlace = pairs.filter(({ total }, i) => sums[i] === total);
  for (const batch of batches(inPlace, 2, ({ total }) => total.size)) {
    runTogether(
      'add to gradient',
      batch.map(({ total, part }) => ({ size: total.size, inputs: { part }, outputs: { total } })),
      {},
      ({ part, total }) => `${total}[at] += ${part}[at];`,
    );
  }
  return sums;
}

/** In the precision of `total`; tfjs adds no halves. */
function addHalves(total: tf.Tensor, part: tf.Tensor): tf.Tensor {
  const count = total.size / 4;
  const { sum } = runWebgpuProgram({
    name: 'add',
    inputs: { total: vectors(total, true), part: vectors(part, true) },
    outputs: { sum: { shape: total.shape, vector: true, half: isHalf(total) } },
    integers: { count },
    workgroupSize,
    workgroups: Math.ceil(count / workgroupSize),
    shader: () => ({ body: 'if (index < uniforms.count) { sum[index] = total[index] + part[index]; }' }),
  });
  return sum;
}
