import type * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { vectors } from './program.ts';
import { rowLayout, rowWorkgroup, sumOverLanes } from './row-layout.ts';
import { runWebgpuProgram } from './run-program.ts';

/** L2 normalization of rows and its gradient, one dispatch each. */
export const webgpuUnitRows: Pick<Kernels, 'unitRows' | 'unitRowsGradient'> = {
  unitRows(x, epsilon) {
    const [rows, dim] = x.shape;
    const { vector, columns, lanes, workgroups, variant, place, each } = rowLayout(rows, dim);
    const sum = sumOverLanes(lanes);
    const { y, norm } = runWebgpuProgram({
      name: 'l2 normalization',
      variant,
      inputs: { x: vectors(x, vector) },
      outputs: { y: { shape: [rows, dim], vector }, norm: { shape: [rows, 1] } },
      integers: { rows, columns },
      floats: { epsilon },
      workgroupSize: rowWorkgroup,
      subgroups: sum.subgroups,
      workgroups,
      shader: () => ({
        declarations: sum.declarations,
        body: `${place}
          var value = 0.0;
          ${each(`value += ${vector ? 'dot(x[at], x[at])' : 'x[at] * x[at]'};`)}
          ${sum.reduce}
          let length = sqrt(total);
          let divisor = max(length, uniforms.epsilon);
          ${each('y[at] = x[at] / divisor;')}
          if (present && rowLane == 0) { norm[row] = length; }`,
      }),
    });
    return { y: y as tf.Tensor2D, norm: norm as tf.Tensor2D };
  },

  unitRowsGradient(dy, y, norm, epsilon) {
    const [rows, dim] = y.shape;
    const { vector, columns, lanes, workgroups, variant, place, each } = rowLayout(rows, dim);
    const sum = sumOverLanes(lanes);
    const { dx } = runWebgpuProgram({
      name: 'l2 normalization gradient',
      variant,
      inputs: { dy: vectors(dy, vector), y: vectors(y, vector), norm },
      outputs: { dx: { shape: [rows, dim], vector } },
      integers: { rows, columns },
      floats: { epsilon },
      workgroupSize: rowWorkgroup,
      subgroups: sum.subgroups,
      workgroups,
      shader: () => ({
        declarations: sum.declarations,
        body: `${place}
          var value = 0.0;
          ${each(`value += ${vector ? 'dot(dy[at], y[at])' : 'dy[at] * y[at]'};`)}
          ${sum.reduce}
          var length = uniforms.epsilon;
          if (present) { length = norm[row]; }
          let along = select(0.0, total, length > uniforms.epsilon);
          let divisor = max(length, uniforms.epsilon);
          ${each('dx[at] = (dy[at] - y[at] * along) / divisor;')}`,
      }),
    });
    return dx as tf.Tensor2D;
  },
};
