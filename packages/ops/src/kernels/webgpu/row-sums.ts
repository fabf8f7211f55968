import * as tf from '@tensorflow/tfjs-core';
import type { Kernels } from '../types.ts';
import { channelLayout, channelWorkgroup, type RowSlices, rowSlices, sumOverRows } from './channel-layout.ts';
import { vectors } from './program.ts';
import { runWebgpuProgram } from './run-program.ts';

/** Up to so many rows one workgroup a column block is faster than a second dispatch. */
const mostRowsAtOnce = 4096;

/** Sums over rows that are read as they lie, without a transposition. */
export const webgpuRowSums: Pick<Kernels, 'columnSum' | 'cellMean'> = {
  columnSum(x) {
    const [rows, channels] = x.shape;
    const slices =
      rows <= mostRowsAtOnce
        ? { count: 1, rows: Math.max(1, rows) }
        : rowSlices(rows, channelLayout(channels));
    return tf.tidy(() => {
      const partial = sliceSums(x, 1, rows, slices, 1);
      const { count } = slices;
      const sum = count === 1 ? partial : sliceSums(partial, 1, count, { count: 1, rows: count }, 1);
      return tf.reshape<tf.Rank.R1>(sum, [channels]);
    });
  },

  cellMean(x) {
    const [batch, cells] = x.shape;
    return sliceSums(x, batch, cells, { count: 1, rows: cells }, 1 / cells);
  },
};

/** factor · Σ of every slice of `rows` rows of each of `batch` matrices: `[batch · slices, channels]`. */
function sliceSums(
  x: tf.Tensor,
  batch: number,
  rows: number,
  slices: RowSlices,
  factor: number,
): tf.Tensor2D {
  const channels = x.shape[x.rank - 1] as number;
  const layout = channelLayout(channels);
  const { vector, rowLanes, columns, groups } = layout;
  const { subgroups, declarations, place, reduce } = sumOverRows(layout);
  const { y } = runWebgpuProgram({
    name: 'sum over rows',
    variant: layout.variant,
    inputs: { x: vectors(x, vector) },
    outputs: { y: { shape: [batch * slices.count, channels], vector } },
    integers: { rows, columns, sliceRows: slices.rows },
    floats: { factor },
    workgroupSize: channelWorkgroup,
    subgroups,
    workgroups: [groups, slices.count, batch],
    shader: () => ({
      declarations,
      body: `${place}
        let start = workgroup.y * uniforms.sliceRows;
        let end = min(start + uniforms.sliceRows, uniforms.rows);
        if (present) {
          for (var row = start + rowLane; row < end; row += ${rowLanes}) {
            first += x[(workgroup.z * uniforms.rows + row) * uniforms.columns + column];
          }
        }
        ${reduce}
        if (present && rowLane == 0) {
          let slice = workgroup.z * i32(grid.y) + workgroup.y;
          y[slice * uniforms.columns + column] = uniforms.factor * first;
        }`,
    }),
  });
  return y as tf.Tensor2D;
}
