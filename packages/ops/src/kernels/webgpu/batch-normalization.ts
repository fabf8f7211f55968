import type * as tf from '@tensorflow/tfjs-core';
import type { BatchNormalizationForward, BatchNormalizationForwardResult, Kernels } from '../types.ts';
import { backwardAtOnce, fitsAtOnce, forwardAtOnce } from './batch-normalization-at-once.ts';
import { backwardInSlices } from './batch-normalization-backward.ts';
import { applySlices, channelLayout, channelWorkgroup, rowSlices, sumOverRows } from './channel-layout.ts';
import { isHalf } from './half-tensors.ts';
import { vectors } from './program.ts';
import { runWebgpuProgram } from './run-program.ts';

type BatchNormalizationKernels = Pick<Kernels, 'batchNormalizationForward' | 'batchNormalizationBackward'>;

/**
 * Batch normalization in two dispatches each way, or in one where there are few rows. Of two the first sums slices of
 * rows; every workgroup of the second adds up the slices of its channels by itself, which costs less than a dispatch
 * between them. The reserve is one tensor `[3, channels]`: the mean in two parts, the first of which is taken off a value
 * without rounding, and 1 / √(variance + ε).
 */
export const webgpuBatchNormalization: BatchNormalizationKernels = {
  batchNormalizationForward(input) {
    return fitsAtOnce(input.x) ? forwardAtOnce(input) : forwardInSlices(input);
  },

  batchNormalizationBackward(input) {
    return fitsAtOnce(input.x) ? backwardAtOnce(input) : backwardInSlices(input);
  },
};

/** Statistics by slices of rows, then the result. */
export function forwardInSlices(input: BatchNormalizationForward): BatchNormalizationForwardResult {
  const { x, residual, relu, epsilon, momentum } = input;
  const channels = x.shape[3];
  const rows = x.size / channels;
  const layout = channelLayout(channels);
  const { vector, element, rowLanes, columns, groups } = layout;
  const slices = rowSlices(rows, layout);
  const table = sliceStatistics(input, slices);
  const apply = applySlices(rows, layout, slices.count);
  const { subgroups, declarations, place, reduce, inverseRoot } = sumOverRows(layout);
  const inputs: Record<string, ReturnType<typeof vectors>> = {
    x: vectors(x, vector),
    table: vectors(table, vector),
  };
  if (residual) inputs.residual = vectors(residual, vector);
  const outputs = runWebgpuProgram({
    name: 'batch normalization',
    variant: `${layout.variant} ${relu} ${residual !== undefined}`,
    inputs,
    outputs: {
      y: { shape: x.shape, vector, half: isHalf(x) },
      reserve: { shape: [3, channels], vector },
      newMean: { shape: [channels], vector },
      newVariance: { shape: [channels], vector },
    },
    integers: { rows, columns, slices: slices.count, sliceRows: slices.rows, applyRows: apply.rows },
    floats: { epsilon, momentum },
    workgroupSize: channelWorkgroup,
    subgroups,
    workgroups: [groups, apply.count, 1],
    shader: () => ({
      declarations,
      body: `${place}
        let tail = 2 * uniforms.slices * uniforms.columns + column;
        var base = ${element}();
        if (present) {
          // The means of slices, seen from that of one: they differ little, so little is lost.
          base = table[column];
          for (var slice = rowLane; slice < uniforms.slices; slice += ${rowLanes}) {
            let count = f32(min(uniforms.sliceRows, uniforms.rows - slice * uniforms.sliceRows));
            let away = table[slice * uniforms.columns + column] - base;
            first += count * away;
            second += table[(uniforms.slices + slice) * uniforms.columns + column] + count * away * away;
          }
        }
        ${reduce}
        if (present) {
          let rows = f32(uniforms.rows);
          let away = first / rows;
          let origin = table[tail + 4 * uniforms.columns];
        let beyond = base + away;
        let mean = origin + beyond;
          let squares = max(second - away * first, ${element}());
          ${inverseRoot('inverse', 'squares / rows + uniforms.epsilon')}
          if (rowLane == 0 && workgroup.y == 0) {
            reserve[column] = origin;
            reserve[uniforms.columns + column] = beyond;
            reserve[2 * uniforms.columns + column] = inverse;
            let kept = 1.0 - uniforms.momentum;
            newMean[column] = kept * table[tail + 2 * uniforms.columns] + uniforms.momentum * mean;
            newVariance[column] = kept * table[tail + 3 * uniforms.columns]
              + uniforms.momentum * (squares / (rows - 1.0));
          }
          let factor = inverse * table[tail];
          let offset = table[tail + uniforms.columns];
          let end = min((workgroup.y + 1) * uniforms.applyRows, uniforms.rows);
          for (var row = workgroup.y * uniforms.applyRows + rowLane; row < end; row += ${rowLanes}) {
            let at = row * uniforms.columns + column;
            var value = ((x[at] - origin) - beyond) * factor + offset;
            ${residual ? 'value += residual[at];' : ''}
            ${relu ? `value = select(value, ${element}(), value < ${element}());` : ''}
            y[at] = value;
          }
        }`,
    }),
  });
  table.dispose();
  return {
    y: outputs.y as tf.Tensor4D,
    runningMean: outputs.newMean as tf.Tensor1D,
    runningVariance: outputs.newVariance as tf.Tensor1D,
    reserve: [outputs.reserve],
  };
}

/**
 * Of every slice the mean, less the origin, and the sum of squared deviations from it; then scale, offset, running
 * statistics and origin, so that the next kernel needs one binding for all: `[2 · slices + 5, channels]`.
 */
function sliceStatistics(
  { x, scale, offset, runningMean, runningVariance }: BatchNormalizationForward,
  slices: { readonly count: number; readonly rows: number },
): tf.Tensor {
  const channels = x.shape[3];
  const layout = channelLayout(channels);
  const { vector, element, rowLanes, columns, groups } = layout;
  const { subgroups, declarations, place, reduce, origin } = sumOverRows(layout);
  const inputs: Record<string, ReturnType<typeof vectors>> = {
    x: vectors(x, vector),
    runningMean: vectors(runningMean, vector),
    runningVariance: vectors(runningVariance, vector),
  };
  if (scale) inputs.scale = vectors(scale, vector);
  if (offset) inputs.offset = vectors(offset, vector);
  const { table } = runWebgpuProgram({
    name: 'batch statistics',
    variant: `${layout.variant} ${scale !== undefined} ${offset !== undefined}`,
    inputs,
    outputs: { table: { shape: [2 * slices.count + 5, channels], vector } },
    integers: { rows: x.size / channels, columns, slices: slices.count, sliceRows: slices.rows },
    workgroupSize: channelWorkgroup,
    subgroups,
    workgroups: [groups, slices.count, 1],
    shader: () => ({
      declarations,
      body: `${place}
        let start = workgroup.y * uniforms.sliceRows;
        let end = min(start + uniforms.sliceRows, uniforms.rows);
        ${origin}
        if (present) {
          for (var row = start + rowLane; row < end; row += ${rowLanes}) {
            let away = x[row * uniforms.columns + column] - origin;
            first += away;
            second += away * away;
          }
        }
        ${reduce}
        if (present && rowLane == 0) {
          let away = first / f32(end - start);
          table[workgroup.y * uniforms.columns + column] = away;
          table[(uniforms.slices + workgroup.y) * uniforms.columns + column] =
            max(second - away * first, ${element}());
          if (workgroup.y == 0) {
            let tail = 2 * uniforms.slices * uniforms.columns + column;
            table[tail] = ${scale ? 'scale[column]' : `${element}(1.0)`};
            table[tail + uniforms.columns] = ${offset ? 'offset[column]' : `${element}()`};
            table[tail + 2 * uniforms.columns] = runningMean[column];
            table[tail + 3 * uniforms.columns] = runningVariance[column];
            table[tail + 4 * uniforms.columns] = origin;
          }
        }`,
    }),
  });
  return table;
}
