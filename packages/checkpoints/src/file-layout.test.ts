import type { ParameterLayout } from '@pixcon/core';
import { describe, expect, it } from 'vitest';
import { fileShape, fromFileLayout, toFileLayout } from './file-layout.ts';

const counted = (shape: number[]) => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((product, size) => product * size, 1) }, (_, i) => i),
});

describe('toFileLayout', () => {
  it('turns HWIO into OIHW', () => {
    const [height, width, input, output] = [2, 3, 4, 5] as const;
    const memory = counted([height, width, input, output]);
    const file = toFileLayout(memory, 'convolution');
    expect(file.shape).toEqual([output, input, height, width]);
    let position = 0;
    for (let o = 0; o < output; o++)
      for (let i = 0; i < input; i++)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++) {
            expect(file.data[position++]).toBe(memory.data[((y * width + x) * input + i) * output + o]);
          }
  });

  it('turns matrices around', () => {
    expect(toFileLayout(counted([2, 3]), 'linear')).toEqual({
      shape: [3, 2],
      data: Float32Array.of(0, 3, 1, 4, 2, 5),
    });
    expect(toFileLayout(counted([2, 3]), 'pointwise').shape).toEqual([3, 2, 1, 1]);
  });

  it.each<[ParameterLayout, number[]]>([
    ['convolution', [3, 3, 5, 7]],
    ['convolution', [1, 1, 2, 1]],
    ['pointwise', [4, 6]],
    ['linear', [5, 2]],
    ['vector', [9]],
  ])('is undone by fromFileLayout: %s %j', (layout, shape) => {
    const memory = counted(shape);
    const file = toFileLayout(memory, layout);
    expect(file.shape).toEqual(fileShape(shape, layout));
    expect(fromFileLayout(file, layout)).toEqual(memory);
  });

  it('refuses other ranks and kernels', () => {
    expect(() => toFileLayout(counted([2, 3]), 'convolution')).toThrow('must have rank 4, got shape [2, 3]');
    expect(() => fromFileLayout(counted([2, 3, 1]), 'linear')).toThrow('must have rank 2');
    expect(() => fromFileLayout(counted([2, 3, 3, 3]), 'pointwise')).toThrow('1×1');
  });
});
