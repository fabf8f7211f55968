import type * as tf from '@tensorflow/tfjs-core';
import type { Kernels, LarsParameter } from '../types.ts';
import { ownMemory } from './owned-memory.ts';
import { batches, returnIf, runTogether } from './parts.ts';
import { type VectorInput, vectors } from './program.ts';
import { runWebgpuProgram } from './run-program.ts';

const workgroupSize = 256;

/** Workgroups that share the squares of one parameter. */
const slices = 32;

/**
 * Layer-wise adaptive rate scaling, in two dispatches for as many parameters as the device binds buffers: sums of the
 * squares of weights and gradients, slice by slice, and the update, every invocation of which adds the slices up.
 */
export const larsUpdates: Kernels['larsUpdates'] = (updates, options) => {
  const { learningRate, momentum, weightDecay, trustCoefficient, epsilon, skip } = options;
  const skipped = skip && { skip };
  for (const { variable, velocity } of updates) {
    ownMemory(variable);
    ownMemory(velocity);
  }
  const size = ({ variable }: LarsParameter) => variable.size;
  for (const batch of batches(
    updates.filter(({ adaptive }) => adaptive),
    3,
    size,
    skip ? 2 : 1,
  )) {
    const squares = sumsOfSquares(batch);
    runTogether(
      'LARS update',
      partsOf(batch),
      { learningRate, momentum, weightDecay, trustCoefficient, epsilon },
      ({ gradient, variable, velocity }, part) => `${returnIf(skip)}
        var sums = vec2<f32>();
        for (var slice = ${slices * part}; slice < ${slices * (part + 1)}; slice++) {
          sums += vec2<f32>(squares[2 * slice], squares[2 * slice + 1]);
        }
        let norms = sqrt(sums);
        var ratio = 1.0;
        if (norms.x > 0.0 && norms.y > 0.0) {
          ratio = uniforms.trustCoefficient * norms.x
            / (norms.y + uniforms.weightDecay * norms.x + uniforms.epsilon);
        }
        let direction = uniforms.momentum * ${velocity}[at] + (uniforms.learningRate * ratio)
          * (${gradient}[at] + uniforms.weightDecay * ${variable}[at]);
        ${velocity}[at] = direction;
        ${variable}[at] -= direction;`,
      { inputs: { squares, ...skipped } },
    );
    squares.dispose();
  }
  for (const batch of batches(
    updates.filter(({ adaptive }) => !adaptive),
    3,
    size,
    skip ? 1 : 0,
  )) {
    runTogether(
      'LARS update without ratio',
      partsOf(batch),
      { learningRate, momentum },
      ({ gradient, variable, velocity }) => `${returnIf(skip)}
        let direction = uniforms.momentum * ${velocity}[at] + uniforms.learningRate * ${gradient}[at];
        ${velocity}[at] = direction;
        ${variable}[at] -= direction;`,
      { inputs: { ...skipped } },
    );
  }
};

function partsOf(batch: readonly LarsParameter[]) {
  return batch.map(({ variable, velocity, gradient }) => ({
    size: variable.size,
    inputs: { gradient },
    outputs: { variable, velocity },
  }));
}

/** `[parameters · slices, 2]`: Σ w² and Σ g² of each slice. */
function sumsOfSquares(batch: readonly LarsParameter[]): tf.Tensor {
  const vector = batch.every(({ variable }) => variable.size % 4 === 0);
  const inputs: Record<string, VectorInput> = {};
  const integers: Record<string, number> = {};
  const bodies = batch.map(({ variable, gradient }, i) => {
    inputs[`variable${i}`] = vectors(variable, vector);
    inputs[`gradient${i}`] = vectors(gradient, vector);
    integers[`count${i}`] = vector ? variable.size / 4 : variable.size;
    const square = (name: string) => (vector ? `dot(${name}, ${name})` : `${name} * ${name}`);
    return `if (group >= ${slices * i} && group < ${slices * (i + 1)}) {
      for (var at = (group - ${slices * i}) * ${workgroupSize} + lane; at < uniforms.count${i};
          at += ${slices * workgroupSize}) {
        let w = variable${i}[at];
        let g = gradient${i}[at];
        sums += vec2<f32>(${square('w')}, ${square('g')});
      }
    }`;
  });
  const { squares } = runWebgpuProgram({
    name: 'LARS norms',
    variant: `${batch.length}`,
    inputs,
    outputs: { squares: { shape: [batch.length * slices, 2] } },
    integers,
    workgroupSize,
    workgroups: batch.length * slices,
    shader: () => ({
      declarations: `var<workgroup> lanes : array<vec2<f32>, ${workgroupSize}>;`,
      body: `
        var sums = vec2<f32>();
        ${bodies.join('\n')}
        lanes[lane] = sums;
        workgroupBarrier();
        for (var width = ${workgroupSize / 2}; width > 0; width /= 2) {
          if (lane < width) { lanes[lane] += lanes[lane + width]; }
          workgroupBarrier();
        }
        if (lane == 0 && group < ${batch.length * slices}) {
          squares[2 * group] = lanes[0].x;
          squares[2 * group + 1] = lanes[0].y;
        }`,
    }),
  });
  return squares;
}
