import type { Mode, ParameterSpec, Parameters } from '@pixcon/core';
import { batchNormalization, convolution } from '@pixcon/ops';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { filled, kaimingNormal } from './initializers.ts';

/** A convolution without bias and the batch normalization behind it. */
export interface ConvolutionUnit {
  /** Names in torchvision: `conv1` and `bn1`, or `downsample.0` and `downsample.1`. */
  readonly convolution: string;
  readonly normalization: string;
  readonly size: number;
  readonly input: number;
  readonly output: number;
  readonly stride: number;
  readonly dilation: number;
}

export function unitParameters(unit: ConvolutionUnit): ParameterSpec[] {
  const { size, input, output } = unit;
  const shape = [size, size, input, output] as const;
  const vector = (name: string, role: ParameterSpec['role'], value: number): ParameterSpec => ({
    name: `${unit.normalization}.${name}`,
    shape: [output],
    layout: 'vector',
    role,
    initialize: filled(output, value),
  });
  return [
    {
      name: `${unit.convolution}.weight`,
      shape,
      layout: 'convolution',
      role: 'weight',
      initialize: kaimingNormal(shape),
    },
    vector('weight', 'normalization', 1),
    vector('bias', 'normalization', 0),
    vector('running_mean', 'buffer', 0),
    vector('running_var', 'buffer', 1),
  ];
}

/** Convolution with PyTorch's padding (half the dilated filter), batch normalization, then, where asked, sum and ReLU. */
export function applyUnit(
  unit: ConvolutionUnit,
  parameters: Parameters,
  x: Tensor4D,
  mode: Mode,
  after: { readonly relu: boolean; readonly residual?: Tensor4D },
): Tensor4D {
  const { size, stride, dilation, normalization } = unit;
  const weight = parameters.get(`${unit.convolution}.weight`) as unknown as Tensor4D;
  const padding = (dilation * (size - 1)) / 2;
  const convolved = convolution(x, weight, { stride, padding, dilation });
  return batchNormalization(
    convolved,
    {
      scale: parameters.get(`${normalization}.weight`),
      offset: parameters.get(`${normalization}.bias`),
      runningMean: parameters.get(`${normalization}.running_mean`),
      runningVariance: parameters.get(`${normalization}.running_var`),
    },
    { training: mode.training, ...after },
  );
}
