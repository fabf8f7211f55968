import type { Mode, ParameterSpec, Parameters } from '@pixcon/core';
import { gelu, maskedBatchNormalization } from '@pixcon/ops';
import type * as tf from '@tensorflow/tfjs-core';
import {
  applyLinear,
  applyNormalization,
  type LinearLayer,
  linearParameters,
  type NormalizationLayer,
  normalizationParameters,
} from './layers.ts';

export interface GeluPerceptronSizes {
  readonly input: number;
  readonly hidden: number;
  readonly output: number;
  /** How the matrices lie in files. */
  readonly layout: LinearLayer['layout'];
}

/**
 * FC – BN – GELU – FC – BN – GELU – FC with the names of a `torch.nn.Sequential`: `0`, `1`, `3`, `4`, `6`. As in DINO,
 * weights start normal with standard deviation 0.02, biases at 0.
 */
export function geluPerceptronParameters(sizes: GeluPerceptronSizes): ParameterSpec[] {
  const { linears, normalizations } = layersOf(sizes);
  return linears.flatMap((layer, i) => {
    const normalization = normalizations[i];
    return [
      ...linearParameters(layer).map(startedSmall),
      ...(normalization ? normalizationParameters(normalization) : []),
    ];
  });
}

function startedSmall(spec: ParameterSpec): ParameterSpec {
  const deviation = spec.role === 'weight' ? 0.02 : 0;
  return {
    ...spec,
    initialize: (random) => deviation * random.normal(),
  };
}

/**
 * On rows `[rows, input]` → `[rows, output]`. Not tidy.
 *
 * @param mask `[rows]`: in training, the rows that batch normalization takes its statistics of; all without it
 */
export function applyGeluPerceptron(
  sizes: GeluPerceptronSizes,
  parameters: Parameters,
  rows: tf.Tensor2D,
  mode: Mode,
  mask?: tf.Tensor1D,
): tf.Tensor2D {
  const { linears, normalizations } = layersOf(sizes);
  return linears.reduce((x, layer, i) => {
    const y = applyLinear(layer, parameters, x);
    const normalization = normalizations[i];
    if (!normalization) return y;
    if (!mask || !mode.training)
      return gelu(applyNormalization(normalization, parameters, y, mode, { relu: false }));
    const variable = (suffix: string) => parameters.get(`${normalization.name}.${suffix}`);
    return gelu(
      maskedBatchNormalization(y, mask, {
        scale: variable('weight'),
        offset: variable('bias'),
        runningMean: variable('running_mean'),
        runningVariance: variable('running_var'),
      }),
    );
  }, rows);
}

function layersOf({ input, hidden, output, layout }: GeluPerceptronSizes) {
  const linears: LinearLayer[] = [
    { name: '0', input, output: hidden, layout, bias: true },
    { name: '3', input: hidden, output: hidden, layout, bias: true },
    { name: '6', input: hidden, output, layout, bias: true },
  ];
  const normalizations: NormalizationLayer[] = [
    { name: '1', channels: hidden, affine: true },
    { name: '4', channels: hidden, affine: true },
  ];
  return { linears, normalizations };
}
