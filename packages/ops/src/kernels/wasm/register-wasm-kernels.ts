import * as tf from '@tensorflow/tfjs-core';
import { depthwiseFilterGradient, depthwiseInputGradient } from './depthwise-gradients.ts';
import { filterGradient } from './filter-gradient.ts';
import { poolGradient } from './max-pool-gradient.ts';
import { unsortedSegmentSum } from './unsorted-segment-sum.ts';
import { windowOf } from './window.ts';

type Shape4 = [number, number, number, number];
type Pad = Parameters<typeof tf.backend_util.computeConv2DInfo>[4];

interface WindowAttributes {
  readonly strides: [number, number] | number;
  readonly pad: Pad;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

const conv2dBackpropFilter: tf.KernelConfig = {
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs }) => {
    const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const { strides, pad, dimRoundingMode, filterShape, dataFormat } =
      attrs as unknown as WindowAttributes & {
        filterShape: Shape4;
        dataFormat: 'NHWC' | 'NCHW';
      };
    const format = tf.backend_util.convertConv2DDataFormat(dataFormat);
    const info = tf.backend_util.computeConv2DInfo(
      x.shape,
      filterShape,
      strides,
      1,
      pad,
      dimRoundingMode,
      false,
      format,
    );
    if (format === 'channelsFirst') {
      throw new Error('Conv2DBackpropFilter on wasm takes NHWC tensors only; transpose NCHW ones first');
    }
    return filterGradient(x, dy, windowOf(info));
  },
};

const depthwiseBackpropFilter: tf.KernelConfig = {
  kernelName: 'DepthwiseConv2dNativeBackpropFilter',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs }) => {
    const { x, dy } = inputs as { x: tf.Tensor4D; dy: tf.Tensor4D };
    const { strides, pad, dimRoundingMode, filterShape } = attrs as unknown as WindowAttributes & {
      filterShape: Shape4;
    };
    const info = tf.backend_util.computeConv2DInfo(
      x.shape,
      filterShape,
      strides,
      1,
      pad,
      dimRoundingMode,
      true,
    );
    return depthwiseFilterGradient(x, dy, windowOf(info), filterShape[3]);
  },
};

const depthwiseBackpropInput: tf.KernelConfig = {
  kernelName: 'DepthwiseConv2dNativeBackpropInput',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs }) => {
    const { dy, filter } = inputs as { dy: tf.Tensor4D; filter: tf.Tensor4D };
    const { strides, pad, dimRoundingMode, inputShape } = attrs as unknown as WindowAttributes & {
      inputShape: Shape4;
    };
    const info = tf.backend_util.computeConv2DInfo(
      inputShape,
      filter.shape,
      strides,
      1,
      pad,
      dimRoundingMode,
      true,
    );
    return depthwiseInputGradient(dy, filter, inputShape, windowOf(info));
  },
};

const segmentSum: tf.KernelConfig = {
  kernelName: 'UnsortedSegmentSum',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs }) => {
    const { x, segmentIds } = inputs as { x: tf.TensorInfo; segmentIds: tf.TensorInfo };
    return unsortedSegmentSum(x, segmentIds, (attrs as unknown as { numSegments: number }).numSegments);
  },
};

/** In place of the stock kernel, which loses the gradient of every window whose maximum is negative. */
const maxPoolGrad: tf.KernelConfig = {
  kernelName: 'MaxPoolGrad',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs }) => {
    const { dy, input, output } = inputs as { dy: tf.Tensor4D; input: tf.Tensor4D; output: tf.Tensor4D };
    const { filterSize, strides, pad, dimRoundingMode } = attrs as unknown as WindowAttributes & {
      filterSize: [number, number] | number;
    };
    const info = tf.backend_util.computePool2DInfo(input.shape, filterSize, strides, 1, pad, dimRoundingMode);
    return poolGradient(dy, input, output, windowOf(info));
  },
};

/** In place of the stock kernel, which copies: as on all other backends, a clone shares its values. */
const identity: tf.KernelConfig = {
  kernelName: 'Identity',
  backendName: 'wasm',
  kernelFunc: ({ inputs, backend }) => {
    const { x } = inputs as { x: tf.TensorInfo };
    (backend as tf.KernelBackend).incRef(x.dataId);
    return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
  },
};

const missing = [conv2dBackpropFilter, depthwiseBackpropFilter, depthwiseBackpropInput, segmentSum];
const replaced = [maxPoolGrad, identity];

/**
 * Registers the kernels that training with stock `tf.grad` needs and tfjs-backend-wasm lacks: the filter gradient of
 * `tf.conv2d`, both gradients of `tf.depthwiseConv2d`, and `UnsortedSegmentSum`, the gradient of `tf.gather`; and
 * replaces `MaxPoolGrad`, which is wrong for negative values, and `Identity`, which copies. The operations of this
 * package need none of them, but `Identity` saves them time and memory.
 *
 * Call it after `@tensorflow/tfjs-backend-wasm` is imported, as often as you like; a missing kernel that a later
 * version brings itself is left alone. Gradients are for NHWC and, as tfjs's own, undilated.
 *
 * @example
 * await tf.setBackend('wasm');
 * registerWasmKernels();
 * tf.grad((w) => tf.conv2d(x, w, 1, 'same'))(filter); // works
 */
export function registerWasmKernels(): void {
  for (const config of missing) {
    if (!tf.getKernel(config.kernelName, 'wasm')) tf.registerKernel(config);
  }
  for (const config of replaced) {
    const registered = tf.getKernel(config.kernelName, 'wasm');
    if (registered === config) continue;
    if (registered) tf.unregisterKernel(config.kernelName, 'wasm');
    tf.registerKernel(config);
  }
}
