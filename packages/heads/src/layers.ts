import type { Mode, ParameterLayout, ParameterSpec, Parameters } from '@pixcon/core';
import { batchNormalization, linear } from '@pixcon/ops';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/** A linear layer on rows. */
export interface LinearLayer {
  /** Its name in PyTorch. */
  readonly name: string;
  readonly input: number;
  readonly output: number;
  /** How the matrix lies in files. */
  readonly layout: Extract<ParameterLayout, 'linear' | 'pointwise'>;
  readonly bias: boolean;
}

/** Batch normalization of rows. */
export interface NormalizationLayer {
  readonly name: string;
  readonly channels: number;
  /** With scale and offset. */
  readonly affine: boolean;
}

/**
 * Weight and bias start uniform in ±1/√input, PyTorch's default for `nn.Linear` and 1×1 `nn.Conv2d`, which the
 * published necks leave as it is.
 */
export function linearParameters({ name, input, output, layout, bias }: LinearLayer): ParameterSpec[] {
  const bound = 1 / Math.sqrt(input);
  const initialize: ParameterSpec['initialize'] = (random) => random.uniform(-bound, bound);
  const weight: ParameterSpec = {
    name: `${name}.weight`,
    shape: [input, output],
    layout,
    role: 'weight',
    initialize,
  };
  if (!bias) return [weight];
  return [weight, { name: `${name}.bias`, shape: [output], layout: 'vector', role: 'bias', initialize }];
}

export function normalizationParameters({ name, channels, affine }: NormalizationLayer): ParameterSpec[] {
  const vector = (suffix: string, role: ParameterSpec['role'], value: number): ParameterSpec => ({
    name: `${name}.${suffix}`,
    shape: [channels],
    layout: 'vector',
    role,
    initialize: () => value,
  });
  return [
    ...(affine ? [vector('weight', 'normalization', 1), vector('bias', 'normalization', 0)] : []),
    vector('running_mean', 'buffer', 0),
    vector('running_var', 'buffer', 1),
  ];
}

export function applyLinear({ name, bias }: LinearLayer, parameters: Parameters, rows: Tensor2D): Tensor2D {
  return linear(
    rows,
    parameters.get(`${name}.weight`) as unknown as Tensor2D,
    bias ? (parameters.get(`${name}.bias`) as unknown as Tensor1D) : undefined,
  );
}

/** With PyTorch's ε and momentum, and a ReLU behind it where asked. */
export function applyNormalization(
  { name, affine }: NormalizationLayer,
  parameters: Parameters,
  rows: Tensor2D,
  mode: Mode,
  { relu }: { readonly relu: boolean },
): Tensor2D {
  const variable = (suffix: string) => parameters.get(`${name}.${suffix}`);
  return batchNormalization(
    rows,
    {
      ...(affine ? { scale: variable('weight'), offset: variable('bias') } : {}),
      runningMean: variable('running_mean'),
      runningVariance: variable('running_var'),
    },
    { training: mode.training, splits: mode.splits, epsilon: 1e-5, momentum: 0.1, relu },
  );
}
