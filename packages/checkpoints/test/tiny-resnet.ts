import { RandomStream } from '@pixcon/core';
import type { EncodableTensor } from '../src/index.ts';

export interface TinyResNetOptions {
  readonly block?: 'basic' | 'bottleneck';
  readonly layers?: readonly number[];
  readonly planes?: readonly number[];
  readonly stemSize?: number;
}

/** The tensors of a small ResNet in PyTorch's names and layout, with random values. */
export function tinyResNet(options: TinyResNetOptions = {}): Map<string, EncodableTensor> {
  const { block = 'basic', layers = [2, 2, 2, 2], planes = [2, 4, 8, 16], stemSize = 7 } = options;
  const random = new RandomStream(1);
  const tensors = new Map<string, EncodableTensor>();
  const add = (name: string, shape: readonly number[], least = -1) => {
    const length = shape.reduce((product, size) => product * size, 1);
    tensors.set(name, {
      dtype: 'F32',
      shape,
      data: Float32Array.from({ length }, () => random.uniform(least, 1)),
    });
  };
  const unit = (convolution: string, normalization: string, shape: readonly number[]) => {
    add(`${convolution}.weight`, shape);
    for (const field of ['weight', 'bias', 'running_mean', 'running_var']) {
      add(`${normalization}.${field}`, [shape[0] as number], field === 'running_var' ? 0.5 : -1);
    }
  };
  let input = planes[0] as number;
  unit('conv1', 'bn1', [input, 3, stemSize, stemSize]);
  layers.forEach((blocks, stage) => {
    const width = planes[stage] as number;
    const output = width * (block === 'basic' ? 1 : 4);
    for (let index = 0; index < blocks; index++) {
      const prefix = `layer${stage + 1}.${index}`;
      const sizes = block === 'basic' ? [3, 3] : [1, 3, 1];
      let from = input;
      sizes.forEach((size, part) => {
        const to = part === 2 ? output : width;
        unit(`${prefix}.conv${part + 1}`, `${prefix}.bn${part + 1}`, [to, from, size, size]);
        from = to;
      });
      if (index === 0 && (stage > 0 || input !== output)) {
        unit(`${prefix}.downsample.0`, `${prefix}.downsample.1`, [output, input, 1, 1]);
      }
      input = output;
    }
  });
  return tensors;
}
