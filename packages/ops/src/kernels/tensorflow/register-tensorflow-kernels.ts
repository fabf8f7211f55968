import * as tf from '@tensorflow/tfjs-core';
import { runsOnGpu } from './execute.ts';
import {
  isPointwise,
  type PointwiseWindow,
  pointwiseConvolution,
  pointwiseFilterGradient,
  pointwiseInputGradient,
} from './pointwise.ts';

type Shape4 = [number, number, number, number];

interface ConvolutionAttributes {
  readonly strides: [number, number] | number;
  readonly pad: Parameters<typeof tf.backend_util.computeConv2DInfo>[4];
  readonly dataFormat?: 'NHWC' | 'NCHW';
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

interface FusedAttributes extends ConvolutionAttributes {
  readonly activation?: string;
  readonly leakyreluAlpha?: number;
}

/** tfjs-node's, for the activations of a fused convolution. */
interface ActivatingBackend {
  applyActivation(
    x: tf.Tensor,
    activation: string | undefined,
    preluWeights: tf.Tensor | undefined,
    leakyreluAlpha: number | undefined,
  ): tf.Tensor;
}

/** A kernel for some calls; the others are tfjs-node's. */
type Replacement = (call: Parameters<tf.KernelFunc>[0]) => tf.Tensor | undefined;

const replacements: Readonly<Record<string, Replacement>> = {
  Conv2D({ inputs, attrs }) {
    const { x, filter } = inputs as { x: tf.Tensor4D; filter: tf.Tensor4D };
    const window = windowOf(x.shape, filter.shape, attrs as unknown as ConvolutionAttributes);
    return window && pointwiseConvolution(x, filter, window);
  },

  FusedConv2D({ inputs, attrs, backend }) {
    const { x, filter, bias, preluActivationWeights } = inputs as Record<string, tf.Tensor> & {
      x: tf.Tensor4D;
      filter: tf.Tensor4D;
    };
    const attributes = attrs as unknown as FusedAttributes;
    const window = windowOf(x.shape, filter.shape, attributes);
    if (!window) return undefined;
    return tf.tidy(() => {
      const convolved = pointwiseConvolution(x, filter, window);
      return (backend as ActivatingBackend).applyActivation(
        bias ? tf.add(convolved, bias) : convolved,
        attributes.activation,
        preluActivationWeights,
        attributes.leakyreluAlpha,
      );
    });
  },

  Conv2DBackpropInput({ inputs, attrs }) {
    const { dy, filter } = inputs as { dy: tf.Tensor4D; filter: tf.Tensor4D };
    const attributes = attrs as unknown as ConvolutionAttributes & { inputShape: Shape4 };
    const window = windowOf(attributes.inputShape, filter.shape, attributes);
    return window && pointwiseInputGradient(dy, filter, attributes.inputShape, window);
  },

  Conv2DBackpropFilter({ inputs, attrs }) {
    const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const attributes = attrs as unknown as ConvolutionAttributes & { filterShape: Shape4 };
    const window = windowOf(x.shape, attributes.filterShape, attributes);
    return window && pointwiseFilterGradient(x, dy, window);
  },
};

/** What a 1×1 filter reads, where it is one and lies in a layout that a processor computes. */
function windowOf(
  inputShape: Shape4,
  filterShape: Shape4,
  { strides, pad, dataFormat = 'NHWC', dimRoundingMode }: ConvolutionAttributes,
): PointwiseWindow | undefined {
  if (!isPointwise(filterShape) || dataFormat !== 'NHWC' || runsOnGpu()) return undefined;
  const info = tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode);
  const { top, bottom, left, right } = info.padInfo;
  return { rowStride: info.strideHeight, columnStride: info.strideWidth, top, bottom, left, right };
}

function isFloat(inputs: tf.NamedTensorInfoMap): boolean {
  return Object.values(inputs).every((input) => !input || input.dtype === 'float32');
}

const registered = new Set<string>();

/**
 * Makes `tf.conv2d` with a 1×1 filter, its fused form and its gradients matrix products on tfjs-node, as
 * {@link convolution} is: on some processors oneDNN's plans for it end the process (TensorFlow 2.21 on AMD's Zen 5), and
 * on the others a product takes no longer. Other filters, other layouts and graphics cards are as before.
 *
 * Call it after tfjs-node is loaded, as often as you like; `startBackend` of `@pixcon/backend` does.
 *
 * @example
 * registerTensorflowKernels();
 * tf.conv2d(tf.ones([1, 7, 7, 2048]), tf.ones([1, 1, 2048, 512]), 1, 'same'); // [1, 7, 7, 512]
 */
export function registerTensorflowKernels(): void {
  for (const [kernelName, replacement] of Object.entries(replacements)) {
    const stock = tf.getKernel(kernelName, 'tensorflow');
    if (!stock || registered.has(kernelName)) continue;
    registered.add(kernelName);
    tf.unregisterKernel(kernelName, 'tensorflow');
    tf.registerKernel({
      ...stock,
      kernelFunc: (call) => (isFloat(call.inputs) && replacement(call)) || stock.kernelFunc(call),
    });
  }
}
