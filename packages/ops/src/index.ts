export { add } from './add.ts';
export {
  type BatchNormalizationOptions,
  type BatchNormalizationParameters,
  batchNormalization,
} from './batch-normalization.ts';
export { type ConvolutionOptions, convolution } from './convolution.ts';
export { cosineSimilarity } from './cosine-similarity.ts';
export { exponentialMovingAverage, exponentialMovingAverages } from './exponential-moving-average.ts';
export { gatherCells } from './gather-cells.ts';
export { gelu } from './gelu.ts';
export { globalAveragePool } from './global-average-pool.ts';
export { useNativeKernels } from './kernels/tensorflow/native.ts';
export { registerTensorflowKernels } from './kernels/tensorflow/register-tensorflow-kernels.ts';
export { registerWasmKernels } from './kernels/wasm/register-wasm-kernels.ts';
export {
  type DispatchCost,
  type InPlace,
  type NewOutput,
  type ShaderText,
  type VectorInput,
  vectors,
  type WebgpuProgram,
} from './kernels/webgpu/program.ts';
export { registerWebgpuKernels } from './kernels/webgpu/register-webgpu-kernels.ts';
export { runWebgpuProgram } from './kernels/webgpu/run-program.ts';
export {
  type SubgroupMatrixConfiguration,
  useSubgroupMatrices,
} from './kernels/webgpu/use-subgroup-matrices.ts';
export { type Dispatch, watchDispatches } from './kernels/webgpu/watch-dispatches.ts';
export { l2Normalize } from './l2-normalize.ts';
export { type LarsParameter, type LarsUpdate, larsUpdates } from './lars-update.ts';
export { linear } from './linear.ts';
export { adaptLossScale, type LossScaleSettings, unscaleGradients } from './loss-scale.ts';
export {
  type MaskedBatchNormalizationOptions,
  maskedBatchNormalization,
} from './masked-batch-normalization.ts';
export { type MaxPoolOptions, maxPool } from './max-pool.ts';
export { mostSimilarCells, type SimilarCells } from './most-similar-cells.ts';
export { normalizeInside, type PendingNormalization } from './pending-normalization.ts';
export { fullPrecision, halfPrecision } from './precision.ts';
export { recompute } from './recompute.ts';
export { registerGradients } from './register-gradients.ts';
export { relu } from './relu.ts';
export { ringWrite } from './ring-write.ts';
export { type RegionBox, type RoiAlignOptions, roiAlign } from './roi-align.ts';
export { type SgdParameter, type SgdUpdateOptions, sgdUpdate, sgdUpdates } from './sgd-update.ts';
export { softCrossEntropy } from './soft-cross-entropy.ts';
export { type SoftmaxOptions, softmax } from './softmax.ts';
export { stopGradient } from './stop-gradient.ts';
export { type StreamingInfoNceOptions, streamingInfoNce } from './streaming-info-nce.ts';
export { type ValueAndGradients, valueAndGradients } from './value-and-gradients.ts';
export { weightedMean } from './weighted-mean.ts';
