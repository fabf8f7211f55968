import type { ParameterLayout, ParameterSpec } from '@pixcon/core';

export interface PerceptronSizes {
  readonly input: number;
  readonly hidden: number;
  readonly output: number;
  /** Batch normalization between the layers. */
  readonly normalization: boolean;
  /** How the two matrices lie in files. */
  readonly layout: Extract<ParameterLayout, 'linear' | 'pointwise'>;
}

/**
 * FC – BN – ReLU – FC with the names of a `torch.nn.Sequential`: `0`, `1`, `3`. Weights and biases start uniform in
 * ±1/√input, PyTorch's default for `nn.Linear` and 1×1 `nn.Conv2d`, which the published necks leave as it is.
 */
export function perceptronParameters(sizes: PerceptronSizes): ParameterSpec[] {
  const { input, hidden, output, normalization } = sizes;
  return [
    ...layerParameters('0', input, hidden, sizes.layout),
    ...(normalization ? normalizationParameters('1', hidden) : []),
    ...layerParameters('3', hidden, output, sizes.layout),
  ];
}

function layerParameters(
  name: string,
  input: number,
  output: number,
  layout: PerceptronSizes['layout'],
): ParameterSpec[] {
  const bound = 1 / Math.sqrt(input);
  const uniform =
    (length: number): ParameterSpec['initialize'] =>
    (random) =>
      Float32Array.from({ length }, () => random.uniform(-bound, bound));
  return [
    {
      name: `${name}.weight`,
      shape: [input, output],
      layout,
      role: 'weight',
      initialize: uniform(input * output),
    },
    { name: `${name}.bias`, shape: [output], layout: 'vector', role: 'bias', initialize: uniform(output) },
  ];
}

function normalizationParameters(name: string, channels: number): ParameterSpec[] {
  const vector = (suffix: string, role: ParameterSpec['role'], value: number): ParameterSpec => ({
    name: `${name}.${suffix}`,
    shape: [channels],
    layout: 'vector',
    role,
    initialize: () => new Float32Array(channels).fill(value),
  });
  return [
    vector('weight', 'normalization', 1),
    vector('bias', 'normalization', 0),
    vector('running_mean', 'buffer', 0),
    vector('running_var', 'buffer', 1),
  ];
}
