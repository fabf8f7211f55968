import * as tf from '@tensorflow/tfjs-core';
import type {
  BatchNormalizationBackward,
  BatchNormalizationBackwardResult,
  BatchNormalizationForward,
  BatchNormalizationForwardResult,
} from '../types.ts';
import type { WebgpuBackend } from './backend.ts';
import { channelLayout, channelWorkgroup, sumOverRows } from './channel-layout.ts';
import { isHalf } from './half-tensors.ts';
import { vectors } from './program.ts';
import { runWebgpuProgram } from './run-program.ts';

/** With up to so many rows a workgroup reads its channels twice in less time than another dispatch takes. */
const mostRows = 4096;
/** Buffers that the forward kernel binds. */
const buffers = 10;

/** Whether one dispatch does it all: a workgroup has all rows of its channels. */
export function fitsAtOnce(x: tf.Tensor4D): boolean {
  const { device } = tf.backend() as unknown as WebgpuBackend;
  return x.size / x.shape[3] <= mostRows && device.limits.maxStorageBuffersPerShaderStage >= buffers;
}

type Inputs = Record<string, ReturnType<typeof vectors>>;

/** Statistics and result in one dispatch. */
export function forwardAtOnce(input: BatchNormalizationForward): BatchNormalizationForwardResult {
  const { x, scale, offset, residual, relu, runningMean, runningVariance, epsilon, momentum } = input;
  const channels = x.shape[3];
  const layout = channelLayout(channels);
  const { vector, element, rowLanes, columns, groups } = layout;
  const { subgroups, declarations, place, reduce, origin, inverseRoot } = sumOverRows(layout);
  const inputs: Inputs = {
    x: vectors(x, vector),
    oldMean: vectors(runningMean, vector),
    oldVariance: vectors(runningVariance, vector),
  };
  if (scale) inputs.scale = vectors(scale, vector);
  if (offset) inputs.offset = vectors(offset, vector);
  if (residual) inputs.residual = vectors(residual, vector);
  const { y, reserve, newMean, newVariance } = runWebgpuProgram({
    name: 'batch normalization at once',
    variant: `${layout.variant} ${relu}`,
    inputs,
    outputs: {
      y: { shape: x.shape, vector, half: isHalf(x) },
      reserve: { shape: [3, channels], vector },
      newMean: { shape: [channels], vector },
      newVariance: { shape: [channels], vector },
    },
    integers: { rows: x.size / channels, columns },
    floats: { epsilon, momentum },
    workgroupSize: channelWorkgroup,
    subgroups,
    workgroups: groups,
    shader: () => ({
      declarations,
      body: `${place}
        ${origin}
        if (present) {
          for (var row = rowLane; row < uniforms.rows; row += ${rowLanes}) {
            let away = x[row * uniforms.columns + column] - origin;
            first += away;
            second += away * away;
          }
        }
        ${reduce}
        if (present) {
          let rows = f32(uniforms.rows);
          let away = first / rows;
          let mean = origin + away;
          let squares = max(second - away * first, ${element}());
          ${inverseRoot('inverse', 'squares / rows + uniforms.epsilon')}
          if (rowLane == 0) {
            reserve[column] = origin;
            reserve[uniforms.columns + column] = away;
            reserve[2 * uniforms.columns + column] = inverse;
            let kept = 1.0 - uniforms.momentum;
            newMean[column] = kept * oldMean[column] + uniforms.momentum * mean;
            newVariance[column] = kept * oldVariance[column] + uniforms.momentum * (squares / (rows - 1.0));
          }
          let factor = inverse${scale ? ' * scale[column]' : ''};
          ${offset ? 'let shift = offset[column];' : ''}
          for (var row = rowLane; row < uniforms.rows; row += ${rowLanes}) {
            let at = row * uniforms.columns + column;
            var value = ((x[at] - origin) - away) * factor${offset ? ' + shift' : ''}${residual ? ' + residual[at]' : ''};
            ${relu ? `value = select(value, ${element}(), value < ${element}());` : ''}
            y[at] = value;
          }
        }`,
    }),
  });
  return {
    y: y as tf.Tensor4D,
    runningMean: newMean as tf.Tensor1D,
    runningVariance: newVariance as tf.Tensor1D,
    reserve: [reserve],
  };
}

/** All gradients in one dispatch. */
export function backwardAtOnce(input: BatchNormalizationBackward): BatchNormalizationBackwardResult {
  const { x, dy, y, scale, reserve, residual } = input;
  const channels = x.shape[3];
  const layout = channelLayout(channels);
  const { vector, element, rowLanes, columns, groups } = layout;
  const { subgroups, declarations, place, reduce } = sumOverRows(layout);
  const inputs: Inputs = {
    x: vectors(x, vector),
    dy: vectors(dy, vector),
    reserve: vectors(reserve[0] as tf.Tensor, vector),
  };
  if (y) inputs.y = vectors(y, vector);
  if (scale) inputs.scale = vectors(scale, vector);
  // Without a ReLU it is dy itself.
  const writesResidual = residual && y !== undefined;
  const gradient = y ? `select(${element}(), dy[at], y[at] > ${element}())` : 'dy[at]';
  const outputs = runWebgpuProgram<'dx' | 'scaleGradient' | 'offsetGradient' | 'residualGradient'>({
    name: 'batch normalization gradient at once',
    variant: layout.variant,
    inputs,
    outputs: {
      dx: { shape: x.shape, vector, half: isHalf(x) },
      scaleGradient: { shape: [channels], vector },
      offsetGradient: { shape: [channels], vector },
      ...((writesResidual ? { residualGradient: { shape: x.shape, vector, half: isHalf(x) } } : {}) as {
        residualGradient: { shape: number[]; vector: boolean; half: boolean };
      }),
    },
    integers: { rows: x.size / channels, columns },
    workgroupSize: channelWorkgroup,
    subgroups,
    workgroups: groups,
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
          for (var row = rowLane; row < uniforms.rows; row += ${rowLanes}) {
            let at = row * uniforms.columns + column;
            let gradient = ${gradient};
            first += gradient;
            second += gradient * ((x[at] - origin) - beyond) * inverse;
          }
        }
        ${reduce}
        if (present) {
          let sum = first;
          let along = second;
          if (rowLane == 0) {
            scaleGradient[column] = along;
            offsetGradient[column] = sum;
          }
          let factor = inverse${scale ? ' * scale[column]' : ''};
          let share = 1.0 / f32(uniforms.rows);
          for (var row = rowLane; row < uniforms.rows; row += ${rowLanes}) {
            let at = row * uniforms.columns + column;
            let gradient = ${gradient};
            dx[at] = factor * (gradient - share * (sum + ((x[at] - origin) - beyond) * inverse * along));
            ${writesResidual ? 'residualGradient[at] = gradient;' : ''}
          }
        }`,
    }),
  });
  return {
    x: outputs.dx as tf.Tensor4D,
    scale: outputs.scaleGradient as tf.Tensor1D,
    offset: outputs.offsetGradient as tf.Tensor1D,
    residual: residual ? ((outputs.residualGradient as tf.Tensor4D | undefined) ?? tf.clone(dy)) : undefined,
  };
}
