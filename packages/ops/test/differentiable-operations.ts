import * as tf from '@tensorflow/tfjs-core';

type Operation = (...inputs: never[]) => tf.Tensor;

/** An operation of tfjs whose gradient is held against differences. */
export interface DifferentiableOperation {
  /** The kernel of tfjs whose gradient is held against differences. */
  readonly kernel: string;
  readonly what?: string;
  readonly f: Operation;
  /** Shapes of the inputs. */
  readonly shapes: readonly number[][];
  /** Range of the inputs; 0.5 to 2 by default. */
  readonly range?: readonly [number, number];
  /** Backends whose forward pass lacks the kernel or the option. */
  readonly not?: readonly string[];
}

const unary = (
  kernel: string,
  f: (x: tf.Tensor) => tf.Tensor,
  range: readonly [number, number] = [0.5, 2],
): DifferentiableOperation => ({ kernel, f, shapes: [[2, 3]], range });
const ofShape = (
  kernel: string,
  what: string,
  shape: number[],
  f: (x: never) => tf.Tensor,
  not?: string[],
): DifferentiableOperation =>
  // biome-ignore format: a call
  ({ kernel, what, f, shapes: [shape], ...(not && { not }) });
const between = (low: number, high: number) => [low, high] as const;

const times = (x: tf.Tensor, y: tf.Tensor) => tf.mul(x, tf.cast(y, 'float32'));
const indices = () => tf.tensor1d([2, 0, 2, 1], 'int32');

const smooth: DifferentiableOperation[] = [
  unary('Neg', tf.neg),
  unary('Abs', tf.abs, between(-2, -0.5)),
  unary('Acos', tf.acos, between(-0.8, 0.8)),
  unary('Acosh', tf.acosh, between(1.5, 3)),
  unary('Asin', tf.asin, between(-0.8, 0.8)),
  unary('Asinh', tf.asinh),
  unary('Atan', tf.atan),
  unary('Atanh', tf.atanh, between(-0.7, 0.7)),
  unary('Cos', tf.cos),
  unary('Cosh', tf.cosh),
  unary('Erf', tf.erf, between(-1, 1)),
  unary('Exp', tf.exp),
  unary('Expm1', tf.expm1),
  unary('Log', tf.log),
  unary('Log1p', tf.log1p),
  unary('Reciprocal', tf.reciprocal),
  unary('Rsqrt', tf.rsqrt),
  unary('Sigmoid', tf.sigmoid),
  unary('Sin', tf.sin),
  unary('Sinh', tf.sinh),
  unary('Softplus', tf.softplus),
  unary('Sqrt', tf.sqrt),
  unary('Square', tf.square),
  unary('Tan', tf.tan, between(-0.9, 0.9)),
  unary('Tanh', tf.tanh),
  unary('Elu', tf.elu, between(-1.1, 1)),
  unary('LeakyRelu', (x) => tf.leakyRelu(x, 0.3), between(-1.1, 1)),
  unary('Relu', tf.relu, between(-1.1, 1)),
  unary('Relu6', tf.relu6, between(-3.1, 9)),
  unary('Selu', tf.selu, between(-1.1, 1)),
  unary('ClipByValue', (x) => tf.clipByValue(x, 0.8, 1.6)),
  unary('Softmax', (x) => tf.softmax(x)),
  unary('LogSoftmax', (x) => tf.logSoftmax(x)),
  unary('Identity', (x) => tf.clone(x)),
  unary('Cast', (x) => tf.cast(x, 'float32')),
  ...[0, 1].map((axis) => unary('Softmax', (x) => tf.logSumExp(x, axis))),
];

/** Kernels that move in steps: their own gradient is 0, and that of what surrounds them is whole. */
const stepped: DifferentiableOperation[] = [
  unary('Ceil', (x) => times(x, tf.ceil(x))),
  unary('Floor', (x) => times(x, tf.floor(x))),
  unary('Round', (x) => times(x, tf.round(x))),
  unary('Sign', (x) => times(x, tf.sign(x))),
  unary('Step', (x) => times(x, tf.step(tf.sub(x, 1.1)))),
  unary('IsFinite', (x) => times(x, tf.isFinite(x))),
  unary('IsInf', (x) => times(x, tf.isInf(x))),
  unary('IsNan', (x) => times(x, tf.isNaN(x))),
  unary('OnesLike', (x) => times(x, tf.onesLike(x))),
  unary('ZerosLike', (x) => tf.add(x, tf.zerosLike(x))),
  unary('ArgMax', (x) => times(x, tf.reshape(tf.argMax(x, 1), [2, 1]))),
  unary('ArgMin', (x) => times(x, tf.reshape(tf.argMin(x, 1), [2, 1]))),
  unary('OneHot', (x) => times(x, tf.oneHot(tf.argMax(x, 1), 3))),
  unary('Greater', (x) => times(x, tf.greater(x, 1.1))),
  unary('GreaterEqual', (x) => times(x, tf.greaterEqual(x, 1.1))),
  unary('LogicalAnd', (x) => times(x, tf.logicalAnd(tf.less(x, 1.9), tf.notEqual(x, 1)))),
  unary('FloorDiv', (x) => tf.add(x, tf.floorDiv(x, tf.scalar(0.4)))),
  unary('Cast to whole numbers', (x) => times(x, tf.cast(x, 'int32'))),
];

const pair = (kernel: string, f: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): DifferentiableOperation[] =>
  [
    [[2, 3], [2, 3]],
    [[2, 3], [1, 3]],
    [[3], [2, 1]],
    [[], [2, 3]],
  ].map((shapes) => ({ kernel, what: JSON.stringify(shapes), f: f as Operation, shapes })); // biome-ignore format: pairs

const pairs: DifferentiableOperation[] = [
  ...pair('Add', tf.add),
  ...pair('Sub', tf.sub),
  ...pair('Multiply', tf.mul),
  ...pair('RealDiv', tf.div),
  ...pair('SquaredDifference', (a, b) => tf.squaredDifference(a, tf.mul(b, 2))),
  ...pair('Maximum', (a, b) => tf.maximum(a, tf.sub(b, 0.011))),
  ...pair('Minimum', (a, b) => tf.minimum(a, tf.sub(b, 0.011))),
  ...pair('Mod', (a, b) => tf.mod(tf.add(a, 3), tf.add(b, 5.1))),
  ...pair('Atan2', tf.atan2),
  ...pair('Pow', tf.pow),
  ...pair('Prelu', (a, b) => tf.prelu(tf.sub(a, 1.12), b)).slice(0, 2),
  ...pair('Select', (a, b) => tf.where(tf.tensor2d([[1, 0, 1], [0, 1, 0]], undefined, 'bool'), a, b)), // biome-ignore format: a matrix
];

const shaped: DifferentiableOperation[] = [
  { kernel: 'AddN', f: ((a: tf.Tensor, b: tf.Tensor) => tf.addN([a, b, a])) as Operation, shapes: [[2, 3], [2, 3]] }, // biome-ignore format: a row
  ofShape('Sum', 'along the first axis', [2, 3], (x) => tf.sum(x, 0)),
  ofShape('Mean', 'along the last axis', [2, 3], (x) => tf.mean(x, -1, true)),
  ofShape('Mean', 'in moments', [2, 3], (x) => tf.moments(x, 0).variance),
  ofShape('Max', 'of all', [2, 3], (x) => tf.max(x)),
  ofShape('Max', 'along an axis', [2, 3, 2], (x) => tf.max(x, 1)),
  ofShape('Max', 'kept', [2, 3, 2], (x) => tf.max(x, [0, 2], true)),
  ofShape('Min', 'along an axis', [2, 3, 2], (x) => tf.min(x, -1)),
  ofShape('Min', 'of all', [2, 3], (x) => tf.min(x)),
  ofShape('Prod', 'of all', [2, 3], (x) => tf.prod(x)),
  ofShape('Prod', 'along axes', [2, 3, 2], (x) => tf.prod(x, [0, 2])),
  ofShape('Prod', 'with a factor of 0', [3], (x) => tf.prod(tf.mul(x, [1, 0, 1]))),
  ofShape('Cumsum', 'along the first axis', [3, 2], (x) => tf.cumsum(x, 0)),
  ofShape('Cumsum', 'exclusive and reversed', [2, 3, 2], (x) => tf.cumsum(x, 1, true, true)),
  ofShape('Reshape', '', [2, 3], (x) => tf.reshape(x, [3, 2])),
  ofShape('ExpandDims', '', [2, 3], (x) => tf.expandDims(x, 1)),
  ofShape('Transpose', '', [2, 3, 2], (x) => tf.transpose(x, [2, 0, 1])),
  ofShape('Slice', '', [3, 3], (x) => tf.slice(x, [1, 0], [-1, 2])),
  ofShape('StridedSlice', 'backwards', [4, 3], (x) => tf.stridedSlice(x, [3, 0], [0, 3], [-2, 2])),
  ofShape('PadV2', '', [2, 2], (x) => tf.pad(x, [[1, 0], [2, 1]])), // biome-ignore format: pads
  ofShape('MirrorPad', 'reflected', [3, 4], (x) => tf.mirrorPad(x, [[1, 2], [3, 0]], 'reflect')), // biome-ignore format: pads
  ofShape('MirrorPad', 'symmetric', [3, 2], (x) => tf.mirrorPad(x, [[3, 1], [0, 2]], 'symmetric')), // biome-ignore format: pads
  ofShape('Concat', '', [2, 3], (x) => tf.concat([x, tf.square(x)], 1)),
  ofShape('Pack', '', [2, 3], (x) => tf.stack([x, tf.square(x)], 1)),
  ofShape('Unpack', '', [2, 3], (x) => tf.mul(...(tf.unstack(x) as [tf.Tensor, tf.Tensor]))),
  ofShape('Unpack', 'one of several', [2, 3], (x) => tf.unstack(x, 1)[2] as tf.Tensor),
  ofShape('Unpack', 'a single one', [1, 3], (x) => tf.unstack(x)[0] as tf.Tensor),
  ofShape('SplitV', '', [2, 4], (x) => tf.mul(...(tf.split(x, 2, 1) as [tf.Tensor, tf.Tensor]))),
  ofShape('SplitV', 'in unequal parts', [2, 4], (x) => tf.split(x, [1, 3], 1)[1] as tf.Tensor),
  ofShape('SplitV', 'in a single part', [2, 4], (x) => tf.split(x, 1, 1)[0] as tf.Tensor),
  ofShape('Tile', '', [2, 3], (x) => tf.tile(x, [2, 3])),
  ofShape('Tile', 'of five axes', [2, 1, 2, 1, 2], (x) => tf.tile(x, [1, 2, 1, 3, 2])),
  ofShape('BroadcastTo', 'with a new axis', [3, 1], (x) => tf.broadcastTo(x, [2, 3, 2])),
  ofShape('Reverse', '', [2, 3], (x) => tf.reverse(x, 1)),
  ofShape('GatherV2', 'along the first axis', [3, 2], (x) => tf.gather(x, indices())),
  ofShape('GatherV2', 'along the last axis', [2, 2, 3], (x) => tf.gather(x, indices(), 2)),
  ofShape('GatherV2', 'by a matrix', [3, 2], (x) => tf.gather(x, tf.reshape(indices(), [2, 2]), 0)),
  ofShape('GatherV2', 'batch by batch', [2, 3, 2], (x) => tf.gather(x, tf.reshape(indices(), [2, 2]), 1, 1)),
  ofShape('GatherNd', '', [3, 2], (x) => tf.gatherND(x, tf.tensor2d([[0, 1], [2, 0], [0, 1]], undefined, 'int32'))), // biome-ignore format: a matrix
  ofShape('ScatterNd', '', [4, 2], (x) => tf.scatterND(tf.reshape(indices(), [4, 1]), x, [3, 2])),
  ofShape('TopK', '', [2, 4], (x) => tf.topk(x, 2).values),
  ofShape('UnsortedSegmentSum', '', [4, 2], (x) => tf.unsortedSegmentSum(x, tf.tensor1d([1, 0, 1, 2], 'int32'), 3)), // biome-ignore format: a call
  ofShape('BatchToSpaceND', '', [4, 1, 2, 1], (x) => tf.batchToSpaceND(x, [2, 2], [[0, 1], [1, 0]])), // biome-ignore format: crops
  ofShape('SpaceToBatchND', '', [1, 3, 4, 1], (x) => tf.spaceToBatchND(x, [2, 2], [[1, 0], [0, 0]])), // biome-ignore format: pads
  ofShape('DepthToSpace', '', [1, 2, 1, 8], (x) => tf.depthToSpace(x, 2)),
  ...[
    [[2, 2, 3], [2, 3, 2]],
    [[1, 2, 3], [2, 3, 2]],
    [[2, 3], [2, 3, 1]],
  ].map((shapes) => ({ kernel: 'BatchMatMul', what: JSON.stringify(shapes), f: tf.matMul as Operation, shapes })), // biome-ignore format: shapes
];

const sums: DifferentiableOperation[] = [
  ['ij,jk->ik', [2, 3], [3, 2]],
  ['bqd,bkd->bqk', [2, 2, 3], [2, 1, 3]],
  ['i,i->', [3], [3]],
  ['ij->j', [2, 3]],
  ['ij->', [2, 3]],
  ['ijk,kl->jl', [2, 2, 3], [3, 2]],
].map(([equation, ...shapes]) => ({
  kernel: 'Einsum',
  what: equation as string,
  f: ((...operands: tf.Tensor[]) => tf.einsum(equation as string, ...operands)) as Operation,
  shapes: shapes as number[][],
  // wasm has none; of a label that one operand alone has and the result lacks, the others have no right one.
  not: equation === 'ijk,kl->jl' ? ['cpu', 'wasm', 'webgpu'] : ['wasm'],
}));

/** What tfjs puts together from the kernels above. */
const composed = (): DifferentiableOperation[] => [
  ofShape('tf.norm', '', [2, 3], (x) => tf.norm(x, 2, 1)),
  ofShape('tf.losses.cosineDistance', '', [2, 3], (x) => tf.losses.cosineDistance(tf.square(x), x, 1)),
  ofShape('tf.losses.softmaxCrossEntropy', '', [2, 3], (x) => tf.losses.softmaxCrossEntropy(tf.tensor2d([[1, 0, 0], [0, 0, 1]]), x)), // biome-ignore format: a matrix
  ofShape('tf.squeeze and tf.booleanMask', '', [3, 1, 2], (x) => tf.gather(tf.squeeze(x, [1]), [2, 0])),
  ofShape('tf.meshgrid', '', [3], (x) => tf.mul(...(tf.meshgrid(x, x) as unknown as [tf.Tensor, tf.Tensor]))),
  two('tf.dot', '', [[3], [3]], (a: tf.Tensor1D, b: tf.Tensor1D) => tf.dot(a, b)),
  two('tf.separableConv2d', '', [[1, 3, 3, 2], [2, 2, 2, 1]], (x: tf.Tensor4D, w: tf.Tensor4D) => tf.separableConv2d(x, w, tf.ones([1, 1, 2, 2]), 1, 'same')), // biome-ignore format: a row
];

const two = (
  kernel: string,
  what: string,
  shapes: number[][],
  f: (a: never, b: never) => tf.Tensor,
  not?: string[],
): DifferentiableOperation =>
  // biome-ignore format: a call
  ({ kernel, what, shapes, f: f as Operation, ...(not && { not }) });
const [images, filter]: [number[], number[]] = [[1, 4, 3, 2], [2, 2, 2, 2]]; // biome-ignore format: shapes
type Images = tf.Tensor4D;

const windows: DifferentiableOperation[] = [
  two('Conv2D', 'same, stride 2', [images, filter], (x: Images, w: Images) => tf.conv2d(x, w, 2, 'same')),
  two('Conv2D', 'valid', [images, filter], (x: Images, w: Images) => tf.conv2d(x, w, [2, 1], 'valid')),
  two('Conv2D', 'dilated', [images, filter], (x: Images, w: Images) => tf.conv2d(x, w, 1, 'same', 'NHWC', 2)),
  two('Conv2D', 'dilated along columns', [images, filter], (x: Images, w: Images) => tf.conv2d(x, w, 1, 'valid', 'NHWC', [1, 2])), // biome-ignore format: a row
  two('Conv2D', 'padded', [images, filter], (x: Images, w: Images) => tf.conv2d(x, w, 2, 1), ['tensorflow']),
  two('Conv2D', 'padded, rounded up', [images, filter], (x: Images, w: Images) => tf.conv2d(x, w, 2, 1, 'NHWC', 1, 'ceil'), ['tensorflow', 'wasm']), // biome-ignore format: a row
  two('Conv2D', 'NCHW', [[1, 2, 4, 3], filter], (x: Images, w: Images) => tf.conv2d(x, w, 1, 'same', 'NCHW'), ['tensorflow', 'wasm']), // biome-ignore format: a row
  two('Conv2D', 'in fused.conv2d', [images, filter], (x: Images, w: Images) => tf.fused.conv2d({ x, filter: w, strides: 1, pad: 'same', activation: 'relu' })), // biome-ignore format: a row
  two('Conv2DBackpropInput', 'conv2dTranspose', [[1, 2, 2, 2], [2, 2, 1, 2]], (x: Images, w: Images) => tf.conv2dTranspose(x, w, [1, 4, 4, 1], 2, 'same')), // biome-ignore format: a row
  two('DepthwiseConv2dNative', 'same', [images, filter], (x: Images, w: Images) => tf.depthwiseConv2d(x, w, 1, 'same')), // biome-ignore format: a row
  two('DepthwiseConv2dNative', 'dilated', [images, filter], (x: Images, w: Images) => tf.depthwiseConv2d(x, w, 1, 'valid', 'NHWC', 2)), // biome-ignore format: a row
  two('Conv3D', '', [[1, 2, 3, 2, 1], [2, 2, 1, 1, 2]], (x: tf.Tensor5D, w: tf.Tensor5D) => tf.conv3d(x, w, 1, 'same')), // biome-ignore format: a row
  two('Dilation2D', '', [[1, 3, 3, 1], [2, 2, 1]], (x: Images, w: tf.Tensor3D) => tf.dilation2d(x, w, 1, 'valid')), // biome-ignore format: a row
  ofShape('AvgPool', 'same', images, (x: Images) => tf.avgPool(x, 2, 2, 'same')),
  ofShape('AvgPool', 'valid', images, (x: Images) => tf.avgPool(x, 2, 1, 'valid')),
  ofShape('AvgPool', 'padded', images, (x: Images) => tf.avgPool(x, 2, 1, 1), ['tensorflow']),
  ofShape('AvgPool', 'padded, rounded up', images, (x: Images) => tf.avgPool(x, 2, 2, 0, 'ceil'), [
    'tensorflow',
    'wasm',
  ]),
  ofShape('AvgPool3D', 'same', [1, 2, 3, 2, 1], (x: tf.Tensor5D) =>
    tf.avgPool3d(x, [1, 2, 2], [1, 2, 1], 'same'),
  ),
  ofShape('AvgPool3D', '', [1, 2, 3, 2, 1], (x: tf.Tensor5D) => tf.avgPool3d(x, 2, 1, 'valid')),
  ofShape('MaxPool', '', images, (x: Images) => tf.maxPool(x, 2, 1, 'valid')),
  ofShape('MaxPool3D', '', [1, 2, 3, 2, 1], (x: tf.Tensor5D) => tf.maxPool3d(x, 2, 1, 'valid')),
  ofShape('LRN', '', [1, 1, 2, 4], (x: Images) => tf.localResponseNormalization(x, 1, 1, 0.5, 0.7)),
  ofShape('ResizeBilinear', 'larger', [1, 2, 3, 2], (x: Images) => tf.image.resizeBilinear(x, [3, 5])),
  ofShape('ResizeBilinear', 'smaller, corners aligned', [2, 4, 3, 1], (x: Images) => tf.image.resizeBilinear(x, [2, 2], true)), // biome-ignore format: a row
  ofShape('ResizeBilinear', 'half pixel centers', [1, 2, 3, 1], (x: Images) => tf.image.resizeBilinear(x, [4, 4], false, true)), // biome-ignore format: a row
  ofShape('ResizeNearestNeighbor', '', [1, 2, 3, 2], (x: Images) =>
    tf.image.resizeNearestNeighbor(x, [4, 5]),
  ),
  {
    kernel: 'FusedBatchNorm',
    f: ((x: Images, mean: tf.Tensor1D, variance: tf.Tensor1D, offset: tf.Tensor1D, scale: tf.Tensor1D) =>
      tf.batchNorm(x, mean, variance, offset, scale)) as Operation,
    shapes: [images, [2], [2], [2], [2]],
  },
];

/** Every kernel of tfjs that has a gradient, and what is put together from them. */
export const differentiableOperations: readonly DifferentiableOperation[] = [
  ...smooth,
  ...stepped,
  ...pairs,
  ...shaped,
  ...sums,
  ...composed(),
  ...windows,
];
