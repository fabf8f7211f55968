import { type ParameterLayout, PixconError } from '@pixcon/core';

/** Values with their shape. */
export interface LaidOut {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * From memory to PyTorch's layout in files: convolution HWIO → OIHW, pointwise IO → OI11, linear IO → OI, vectors
 * as they are. `data` is copied unless the layouts are the same.
 *
 * @throws PixconError `checkpoint` when the shape does not have the rank of its layout
 *
 * @example
 * toFileLayout({ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }, 'linear');
 * // => { shape: [3, 2], data: [1, 4, 2, 5, 3, 6] }
 */
export function toFileLayout(memory: LaidOut, layout: ParameterLayout): LaidOut {
  const { shape, data } = memory;
  switch (layout) {
    case 'vector':
      return memory;
    case 'linear':
      return permute(requireRank('toFileLayout', memory, 2, layout), [1, 0]);
    case 'pointwise': {
      const [input, output] = requireRank('toFileLayout', memory, 2, layout).shape as [number, number];
      return { shape: [output, input, 1, 1], data: permute({ shape, data }, [1, 0]).data };
    }
    case 'convolution':
      return permute(requireRank('toFileLayout', memory, 4, layout), [3, 2, 0, 1]);
  }
}

/**
 * From PyTorch's layout in files to memory: the inverse of `toFileLayout`.
 *
 * @throws PixconError `checkpoint` when the shape does not have the rank of its layout, or a pointwise kernel is
 * not 1×1
 */
export function fromFileLayout(file: LaidOut, layout: ParameterLayout): LaidOut {
  switch (layout) {
    case 'vector':
      return file;
    case 'linear':
      return permute(requireRank('fromFileLayout', file, 2, layout), [1, 0]);
    case 'pointwise': {
      const { shape, data } = requireRank('fromFileLayout', file, 4, layout);
      const [output, input, height, width] = shape as [number, number, number, number];
      if (height !== 1 || width !== 1) {
        throw new PixconError(
          'checkpoint',
          `fromFileLayout: a pointwise parameter must be a 1×1 convolution, got shape [${shape.join(', ')}]`,
        );
      }
      return permute({ shape: [output, input], data }, [1, 0]);
    }
    case 'convolution':
      return permute(requireRank('fromFileLayout', file, 4, layout), [2, 3, 1, 0]);
  }
}

/** A parameter's shape in files, from its shape in memory. */
export function fileShape(shape: readonly number[], layout: ParameterLayout): readonly number[] {
  const [a = 0, b = 0, c = 0, d = 0] = shape;
  switch (layout) {
    case 'vector':
      return shape;
    case 'linear':
      return [b, a];
    case 'pointwise':
      return [b, a, 1, 1];
    case 'convolution':
      return [d, c, a, b];
  }
}

function requireRank(where: string, value: LaidOut, rank: number, layout: ParameterLayout): LaidOut {
  if (value.shape.length === rank) return value;
  throw new PixconError(
    'checkpoint',
    `${where}: a ${layout} parameter must have rank ${rank}, got shape [${value.shape.join(', ')}]`,
  );
}

/** `output.shape[i] = input.shape[order[i]]`, as `numpy.transpose`. */
function permute({ shape, data }: LaidOut, order: readonly number[]): LaidOut {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = (strides[axis + 1] as number) * (shape[axis + 1] as number);
  }
  const target = order.map((axis) => shape[axis] as number);
  const steps = order.map((axis) => strides[axis] as number);
  const output = new Float32Array(data.length);
  const last = order.length - 1;
  const run = target[last] as number;
  const step = steps[last] as number;
  let written = 0;
  const visit = (axis: number, offset: number): void => {
    if (axis === last) {
      for (let i = 0; i < run; i++) output[written++] = data[offset + i * step] as number;
      return;
    }
    for (let i = 0; i < (target[axis] as number); i++) visit(axis + 1, offset + i * (steps[axis] as number));
  };
  visit(0, 0);
  return { shape: target, data: output };
}
