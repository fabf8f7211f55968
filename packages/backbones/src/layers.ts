import type { Mode, NetworkNode, ParameterSpec, Parameters } from '@pixcon/core';
import { batchNormalization, convolution, normalizeInside, type PendingNormalization } from '@pixcon/ops';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import { kaimingNormal } from './initializers.ts';

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
  /** Puts out half precision in training, whatever it reads. */
  readonly half?: boolean;
}

/** PyTorch's default of batch normalization. */
const epsilon = 1e-5;

export function unitParameters(unit: ConvolutionUnit): ParameterSpec[] {
  const { size, input, output } = unit;
  const shape = [size, size, input, output] as const;
  const vector = (name: string, role: ParameterSpec['role'], value: number): ParameterSpec => ({
    name: `${unit.normalization}.${name}`,
    shape: [output],
    layout: 'vector',
    role,
    initialize: () => value,
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

/** Convolution with PyTorch's padding, batch normalization, then, where asked, sum and ReLU. */
export function applyUnit(
  unit: ConvolutionUnit,
  parameters: Parameters,
  x: Tensor4D | PendingNormalization,
  mode: Mode,
  after: { readonly relu: boolean; readonly residual?: Tensor4D },
): Tensor4D {
  const convolved = convolve(unit, parameters, x, mode);
  return batchNormalization(convolved, normalizationOf(unit, parameters), {
    ...optionsOf(mode),
    ...after,
  });
}

/** `applyUnit` with a ReLU, whose normalization is left to the convolution or pooling that comes next. */
export function beginUnit(
  unit: ConvolutionUnit,
  parameters: Parameters,
  x: Tensor4D | PendingNormalization,
  mode: Mode,
): PendingNormalization {
  const convolved = convolve(unit, parameters, x, mode);
  return normalizeInside(convolved, normalizationOf(unit, parameters), { ...optionsOf(mode), relu: true });
}

function convolve(
  unit: ConvolutionUnit,
  parameters: Parameters,
  x: Tensor4D | PendingNormalization,
  { training }: Mode,
): Tensor4D {
  const { stride, dilation, half = false } = unit;
  const weight = parameters.get(`${unit.convolution}.weight`) as unknown as Tensor4D;
  return convolution(x, weight, { stride, padding: paddingOf(unit), dilation, half: half && training });
}

function normalizationOf({ normalization }: ConvolutionUnit, parameters: Parameters) {
  return {
    scale: parameters.get(`${normalization}.weight`),
    offset: parameters.get(`${normalization}.bias`),
    runningMean: parameters.get(`${normalization}.running_mean`),
    runningVariance: parameters.get(`${normalization}.running_var`),
  };
}

function optionsOf({ training, splits }: Mode) {
  return { training, splits, epsilon };
}

/** What `applyUnit` computes at inference, as a node named after its convolution. */
export function unitNode(
  unit: ConvolutionUnit,
  prefix: string,
  input: string,
  after: { readonly relu: boolean; readonly residual?: string },
): NetworkNode {
  const { stride, dilation } = unit;
  const convolution = `${prefix}${unit.convolution}`;
  return {
    kind: 'convolution',
    name: convolution,
    input,
    convolution,
    normalization: `${prefix}${unit.normalization}`,
    stride,
    padding: paddingOf(unit),
    dilation,
    epsilon,
    ...after,
  };
}

/** PyTorch's: half of the dilated filter. */
function paddingOf({ size, dilation }: ConvolutionUnit): number {
  return (dilation * (size - 1)) / 2;
}
