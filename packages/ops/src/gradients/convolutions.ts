import { PixconError } from '@pixcon/core';
import * as tf from '@tensorflow/tfjs-core';
import { dilateFilter, tapsOfDilated } from '../dilation.ts';
import { runGradientKernel } from './run-gradient-kernel.ts';

type Shape4 = [number, number, number, number];
type Pad = Parameters<typeof tf.backend_util.computeConv2DInfo>[4];

interface ConvolutionAttributes {
  readonly strides: [number, number] | number;
  readonly pad: Pad;
  readonly dilations?: [number, number] | number;
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** Gradients of convolutions: of any padding and layout, and dilated, which the stock ones are not. */
export function convolutionGradients(): tf.GradConfig[] {
  return [
    {
      kernelName: 'Conv2D',
      inputsToSave: ['x', 'filter'],
      gradFunc: (dy, saved, attributes) => {
        const [x, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
        const plan = planConvolution('Conv2D', x.shape, filter.shape, attributes as never);
        return {
          x: () => inputGradient(plan, dy as tf.Tensor4D, filter),
          filter: () => filterGradient(plan, x, dy as tf.Tensor4D),
        };
      },
    },
    {
      kernelName: 'DepthwiseConv2dNative',
      inputsToSave: ['x', 'filter'],
      gradFunc: (dy, saved, attributes) => {
        const [x, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
        const plan = planConvolution('DepthwiseConv2dNative', x.shape, filter.shape, attributes as never);
        return {
          x: () => inputGradient(plan, dy as tf.Tensor4D, filter),
          filter: () => filterGradient(plan, x, dy as tf.Tensor4D),
        };
      },
    },
    {
      // The transposed convolution: what a convolution of images like its result would turn into `dy`.
      kernelName: 'Conv2DBackpropInput',
      inputsToSave: ['dy', 'filter'],
      gradFunc: (gradient, saved, attributes) => {
        const [dy, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
        const ddx = gradient as tf.Tensor4D;
        const plan = planConvolution('Conv2D', ddx.shape, filter.shape, attributes as never);
        const { strides, pad, dataFormat, dimRoundingMode } = attributes as unknown as ConvolutionAttributes;
        return {
          dy: () => tf.conv2d(ddx, filter, strides, pad, dataFormat, 1, dimRoundingMode),
          filter: () => filterGradient(plan, ddx, dy),
        };
      },
    },
    { kernelName: 'Conv3D', inputsToSave: ['x', 'filter'], gradFunc: volumeGradient },
  ];
}

type Kernel = 'Conv2D' | 'DepthwiseConv2dNative';
const names = { Conv2D: 'tf.conv2d', DepthwiseConv2dNative: 'tf.depthwiseConv2d' };

/** A convolution of NHWC images, brought to what every backend's gradient kernels take. */
interface Plan {
  readonly kernel: Kernel;
  readonly channelsFirst: boolean;
  readonly inputShape: Shape4;
  readonly filterShape: Shape4;
  readonly dilations: [number, number];
  readonly strides: [number, number];
  /** `'same'`, or `'valid'` after `margins` have been added: `explicit` is not for every backend. */
  readonly pad: 'same' | 'valid';
  readonly margins: [[number, number], [number, number]];
}

function planConvolution(
  kernel: Kernel,
  shape: Shape4,
  filterShape: Shape4,
  attributes: ConvolutionAttributes,
): Plan {
  const channelsFirst = attributes.dataFormat === 'NCHW';
  const inputShape: Shape4 = channelsFirst ? [shape[0], shape[2], shape[3], shape[1]] : shape;
  const { strides, pad, dilations = 1, dimRoundingMode } = attributes;
  const info = tf.backend_util.computeConv2DInfo(
    inputShape,
    filterShape,
    strides,
    dilations,
    channelsFirst && Array.isArray(pad) ? ([pad[0], pad[2], pad[3], pad[1]] as never) : pad,
    dimRoundingMode,
    kernel !== 'Conv2D',
  );
  const { dilationHeight, dilationWidth, padInfo } = info;
  const plan = {
    kernel,
    channelsFirst,
    inputShape,
    filterShape,
    dilations: [dilationHeight, dilationWidth] as [number, number],
    strides: [info.strideHeight, info.strideWidth] as [number, number],
  };
  if (dilationHeight === 1 && dilationWidth === 1 && (pad === 'same' || pad === 'valid')) {
    return { ...plan, pad, margins: [[0, 0], [0, 0]] }; // biome-ignore format: margins
  }
  const margin = (
    size: number,
    out: number,
    stride: number,
    reach: number,
    before: number,
  ): [number, number] => [before, Math.max(0, (out - 1) * stride + reach - size - before)];
  return {
    ...plan,
    pad: 'valid',
    margins: [
      margin(inputShape[1], info.outHeight, info.strideHeight, info.effectiveFilterHeight, padInfo.top),
      margin(inputShape[2], info.outWidth, info.strideWidth, info.effectiveFilterWidth, padInfo.left),
    ],
  };
}

const isDilated = ({ dilations }: Plan) => dilations.some((step) => step > 1);

/** NHWC, whatever the convolution has. */
const toLast = (plan: Plan, images: tf.Tensor4D) =>
  plan.channelsFirst ? tf.transpose(images, [0, 2, 3, 1]) : images;

function inputGradient(plan: Plan, dy: tf.Tensor4D, filter: tf.Tensor4D): tf.Tensor {
  const { kernel, strides, pad, margins, inputShape } = plan;
  const [[top, bottom], [left, right]] = margins;
  const [batch, height, width, channels] = inputShape;
  const dilated = isDilated(plan) ? dilateFilter(filter, ...plan.dilations) : filter;
  const padded = runGradientKernel(
    names[kernel],
    `${kernel}BackpropInput`,
    { dy: toLast(plan, dy), filter: dilated },
    {
      strides,
      pad,
      dilations: [1, 1],
      dataFormat: 'NHWC',
      inputShape: [batch, height + top + bottom, width + left + right, channels],
    },
  );
  const hasMargins = top + bottom + left + right > 0;
  const own = hasMargins ? tf.slice(padded, [0, top, left, 0], inputShape) : padded;
  return plan.channelsFirst ? tf.transpose(own, [0, 3, 1, 2]) : own;
}

function filterGradient(plan: Plan, x: tf.Tensor4D, dy: tf.Tensor4D): tf.Tensor {
  const { kernel, strides, pad, margins, dilations } = plan;
  const [rows, columns, inputs, outputs] = plan.filterShape;
  const reach = (taps: number, dilation: number) => dilation * (taps - 1) + 1;
  const hasMargins = margins.flat().some((size) => size > 0);
  const images = toLast(plan, x);
  const gradient = runGradientKernel(
    names[kernel],
    `${kernel}BackpropFilter`,
    { x: hasMargins ? tf.pad(images, [[0, 0], ...margins, [0, 0]]) : images, dy: toLast(plan, dy) },
    {
      strides,
      pad,
      dilations: [1, 1],
      dataFormat: 'NHWC',
      filterShape: [reach(rows, dilations[0]), reach(columns, dilations[1]), inputs, outputs],
    },
  ) as tf.Tensor4D;
  return isDilated(plan) ? tapsOfDilated(gradient, ...dilations) : gradient;
}

const volumeGradient: tf.GradFunc = (dy, saved, attributes) => {
  const [x, filter] = saved as [tf.Tensor5D, tf.Tensor5D];
  const { strides, pad, dilations } = attributes as unknown as {
    strides: [number, number, number] | number;
    pad: 'same' | 'valid';
    dilations?: number | number[];
  };
  if ([dilations ?? 1].flat().some((step) => step !== 1)) {
    throw new PixconError(
      'invalid-argument',
      `tf.conv3d: dilations of ${JSON.stringify(dilations)} have no gradient; fill the filter up with zeros instead`,
    );
  }
  const gradient = dy as tf.Tensor;
  return {
    x: () =>
      runGradientKernel('tf.conv3d', 'Conv3DBackpropInputV2', { dy: gradient, filter }, { strides, pad, inputShape: x.shape }), // biome-ignore format: a call
    filter: () =>
      runGradientKernel('tf.conv3d', 'Conv3DBackpropFilterV2', { x, dy: gradient }, { strides, pad, filterShape: filter.shape }), // biome-ignore format: a call
  };
};
