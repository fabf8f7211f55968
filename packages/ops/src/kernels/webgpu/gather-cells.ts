import type * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { vectors } from './program.ts';
import { runWebgpuProgram } from './run-program.ts';

/** Picking cells and its gradient, one invocation for each result. */
export const webgpuGatherCells: Pick<Kernels, 'gatherCells' | 'gatherCellsGradient'> = {
  gatherCells(cells, index) {
    const [batch, count, channels] = cells.shape;
    const picks = index.shape[1];
    const vector = channels % 4 === 0;
    const columns = vector ? channels / 4 : channels;
    const { y } = runWebgpuProgram({
      name: 'gather cells',
      inputs: { cells: vectors(cells, vector), picked: index },
      outputs: { y: { shape: [batch, picks, channels], vector } },
      integers: { size: batch * picks * columns, columns, picks, count },
      workgroups: Math.ceil((batch * picks * columns) / 64),
      shader: () => ({
        body: `if (index < uniforms.size) {
          let pick = index / uniforms.columns;
          let cell = pick / uniforms.picks * uniforms.count + picked[pick];
          y[index] = cells[cell * uniforms.columns + index % uniforms.columns];
        }`,
      }),
    });
    return y as tf.Tensor3D;
  },

  gatherCellsGradient(dy, index, count) {
    const [batch, picks, channels] = dy.shape;
    const vector = channels % 4 === 0;
    const columns = vector ? channels / 4 : channels;
    const { dx } = runWebgpuProgram({
      name: 'gather cells gradient',
      inputs: { dy: vectors(dy, vector), picked: index },
      outputs: { dx: { shape: [batch, count, channels], vector } },
      integers: { size: batch * count * columns, columns, picks, count },
      workgroups: Math.ceil((batch * count * columns) / 64),
      shader: () => ({
        body: `if (index < uniforms.size) {
          let cell = index / uniforms.columns;
          let first = cell / uniforms.count * uniforms.picks;
          var sum = ${vector ? 'vec4<f32>()' : '0.0'};
          for (var pick = first; pick < first + uniforms.picks; pick++) {
            if (picked[pick] == cell % uniforms.count) {
              sum += dy[pick * uniforms.columns + index % uniforms.columns];
            }
          }
          dx[index] = sum;
        }`,
      }),
    });
    return dx as tf.Tensor3D;
  },
};
