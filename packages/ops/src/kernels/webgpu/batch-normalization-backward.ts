import type * as tf from '@tensorflow/tfjs-core';
import { clone } from '@tensorflow/tfjs-core';
import type { BatchNormalizationBackward, BatchNormalizationBackwardResult } from '../types.ts';
import {
  applySlices,
  channelLayout,
  channelWorkgroup,
  type RowSlices,
  rowSlices,
  sumOverRows,
} from './channel-layout.ts';
import { isHalf } from './half-tensors.ts';
import { vectors } from './program.ts';
import { runWebgpuProgram } from './run-program.ts';

/** The gradients of batch normalization with its ReLU and its residual sum: sums by slices of rows, then the rest. */
export function backwardInSlices(input: BatchNormalizationBackward): BatchNormalizationBackwardResult {
  const { x, dy, y, residual } = input;
  const channels = x.shape[3];
  const rows = x.size / channels;
  const layout = channelLayout(channels);
  const { vector, element, rowLanes, columns, groups } = layout;
  const slices = rowSlices(rows, layout);
  const table = sliceSums(input, slices);
  const apply = applySlices(rows, layout, slices.count);
  const { subgroups, declarations, place, reduce } = sumOverRows(layout);
  const inputs: Record<string, ReturnType<typeof vectors>> = {
    x: vectors(x, vector),
    dy: vectors(dy, vector),
    table: vectors(table, vector),
  };
  if (y) inputs.y = vectors(y, vector);
  // Without a ReLU it is dy itself.
  const writesResidual = residual && y !== undefined;
  const outputs = runWebgpuProgram<'dx' | 'scaleGradient' | 'offsetGradient' | 'residualGradient'>({
    name: 'batch normalization gradient',
    variant: `${layout.variant} ${writesResidual}`,
    inputs,
    outputs: {
      dx: { shape: x.shape, vector, half: isHalf(x) },
      scaleGradient: { shape: [channels], vector },
      offsetGradient: { shape: [channels], vector },
      ...((writesResidual ? { residualGradient: { shape: x.shape, vector, half: isHalf(x) } } : {}) as {
        residualGradient: { shape: number[]; vector: boolean; half: boolean };
      }),
    },
    integers: { rows, columns, slices: slices.count, applyRows: apply.rows },
    workgroupSize: channelWorkgroup,
    subgroups,
    workgroups: [groups, apply.count, 1],
    shader: () => ({
      declarations,
      body: `${place}
        if (present) {
          for (var slice = rowLane; slice < uniforms.slices; slice += ${rowLanes}) {
            first += table[slice * uniforms.columns + column];
            second += table[(uniforms.slices + slice) * uniforms.columns + column];
          }
        }
        ${reduce}
        if (present) {
          let sum = first;
          let along = second;
          if (rowLane == 0 && workgroup.y == 0) {
            scaleGradient[column] = along;
            offsetGradient[column] = sum;
          }
          let tail = 2 * uniforms.slices * uniforms.columns + column;
          let origin = table[tail];
          let beyond = table[tail + uniforms.columns];
          let inverse = table[tail + 2 * uniforms.columns];
          let factor = inverse * table[tail + 3 * uniforms.columns];
          let share = 1.0 / f32(uniforms.rows);
          let end = min((workgroup.y + 1) * uniforms.applyRows, uniforms.rows);
          for (var row = workgroup.y * uniforms.applyRows + rowLane; row < end; row += ${rowLanes}) {
            let at = row * uniforms.columns + column;
            let gradient = ${maskedGradient(element, y !== undefined)};
            dx[at] = factor * (gradient - share * (sum + ((x[at] - origin) - beyond) * inverse * along));
            ${writesResidual ? 'residualGradient[at] = gradient;' : ''}
          }
        }`,
    }),
  });
  table.dispose();
  return {
    x: outputs.dx as tf.Tensor4D,
    scale: outputs.scaleGradient as tf.Tensor1D,
    offset: outputs.offsetGradient as tf.Tensor1D,
    residual: residual ? ((outputs.residualGradient as tf.Tensor4D | undefined) ?? clone(dy)) : undefined,
  };
}

/**
 * Sums of every slice: of the gradient past the ReLU, and of its product with the normalized values; then mean in
 * two parts, 1 / deviation and scale: `[2 · slices + 4, channels]`.
 */
function sliceSums({ x, dy, y, scale, reserve }: BatchNormalizationBackward, slices: RowSlices): tf.Tensor {
  const channels = x.shape[3];
  const layout = channelLayout(channels);
  const { vector, element, rowLanes, columns, groups } = layout;
  const { subgroups, declarations, place, reduce } = sumOverRows(layout);
  const inputs: Record<string, ReturnType<typeof vectors>> = {
    x: vectors(x, vector),
    dy: vectors(dy, vector),
    reserve: vectors(reserve[0] as tf.Tensor, vector),
  };
  if (y) inputs.y = vectors(y, vector);
  if (scale) inputs.scale = vectors(scale, vector);
  const { table } = runWebgpuProgram({
    name: 'batch gradient sums',
    variant: layout.variant,
    inputs,
    outputs: { table: { shape: [2 * slices.count + 4, channels], vector } },
    integers: { rows: x.size / channels, columns, slices: slices.count, sliceRows: slices.rows },
    workgroupSize: channelWorkgroup,
    subgroups,
    workgroups: [groups, slices.count, 1],
    shader: () => ({
      declarations,
      body: `${place}
        var origin = ${element}();
        var beyond = ${element}();
        var inverse = ${element}();
        if (present) {
          origin = reserve[column];
          beyond = reserve[uniforms.columns + column];
          inverse = reserve[2 * uniforms.columns + column];
          let start = workgroup.y * uniforms.sliceRows;
          let end = min(start + uniforms.sliceRows, uniforms.rows);
          for (var row = start + rowLane; row < end; row += ${rowLanes}) {
            let at = row * uniforms.columns + column;
            let gradient = ${maskedGradient(element, y !== undefined)};
            first += gradient;
            second += gradient * ((x[at] - origin) - beyond) * inverse;
          }
        }
        ${reduce}
        if (present && rowLane == 0) {
          table[workgroup.y * uniforms.columns + column] = first;
          table[(uniforms.slices + workgroup.y) * uniforms.columns + column] = second;
          if (workgroup.y == 0) {
            let tail = 2 * uniforms.slices * uniforms.columns + column;
            table[tail] = origin;
            table[tail + uniforms.columns] = beyond;
            table[tail + 2 * uniforms.columns] = inverse;
            table[tail + 3 * uniforms.columns] = ${scale ? 'scale[column]' : `${element}(1.0)`};
          }
        }`,
    }),
  });
  return table;
}

function maskedGradient(element: string, relu: boolean): string {
  return relu ? `select(${element}(), dy[at], y[at] > ${element}())` : 'dy[at]';
}
