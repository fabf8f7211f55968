import type { Mode, ParameterSpec, Parameters } from '@pixcon/core';
import { relu } from '@pixcon/ops';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import {
  applyLinear,
  applyNormalization,
  type LinearLayer,
  linearParameters,
  type NormalizationLayer,
  normalizationParameters,
} from './layers.ts';

export interface PerceptronSizes {
  readonly input: number;
  readonly hidden: number;
  readonly output: number;
  /** Batch normalization between the layers. */
  readonly normalization: boolean;
  readonly hiddenBias: boolean;
  readonly outputBias: boolean;
  /** How the two matrices lie in files. */
  readonly layout: LinearLayer['layout'];
}

/** FC – BN – ReLU – FC with the names of a `torch.nn.Sequential`: `0`, `1`, `3`. */
export function perceptronParameters(sizes: PerceptronSizes): ParameterSpec[] {
  const { first, normalization, last } = layersOf(sizes);
  return [
    ...linearParameters(first),
    ...(sizes.normalization ? normalizationParameters(normalization) : []),
    ...linearParameters(last),
  ];
}

/** FC – BN – ReLU – FC on rows `[rows, input]` → `[rows, output]`. Not tidy. */
export function applyPerceptron(
  sizes: PerceptronSizes,
  parameters: Parameters,
  rows: Tensor2D,
  mode: Mode,
): Tensor2D {
  const { first, normalization, last } = layersOf(sizes);
  const hidden = applyLinear(first, parameters, rows);
  const activated = sizes.normalization
    ? applyNormalization(normalization, parameters, hidden, mode, { relu: true })
    : relu(hidden);
  return applyLinear(last, parameters, activated);
}

function layersOf({ input, hidden, output, hiddenBias, outputBias, layout }: PerceptronSizes) {
  const first: LinearLayer = { name: '0', input, output: hidden, layout, bias: hiddenBias };
  const normalization: NormalizationLayer = { name: '1', channels: hidden, affine: true };
  const last: LinearLayer = { name: '3', input: hidden, output, layout, bias: outputBias };
  return { first, normalization, last };
}
