import type { Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Variable } from '@tensorflow/tfjs-core';

/** Where a window goes: the same stride and the same zero padding on both axes and both sides. */
export interface WindowGeometry {
  readonly stride: number;
  readonly padding: number;
}

export interface ConvolutionGeometry extends WindowGeometry {
  readonly dilation: number;
}

export interface ConvolutionForward extends ConvolutionGeometry {
  /** The result is in half precision though `x` is not; only where there is `halfPrecision`. */
  readonly half?: boolean;
}

export interface PoolGeometry extends WindowGeometry {
  readonly size: number;
}

export interface MomentumUpdate {
  readonly learningRate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  /** A number on the device: nothing moves unless it is 0. Only where there is `unscaleGradients`. */
  readonly skip?: Tensor | undefined;
}

/** How a loss scale moves after a step. */
export interface LossScaleSettings {
  readonly growthFactor: number;
  readonly backoffFactor: number;
  /** Steps without an overflow after which it grows. */
  readonly growthInterval: number;
}

/** A parameter with what moves it. */
export interface ParameterUpdate {
  readonly variable: Variable;
  readonly velocity: Variable;
  readonly gradient: Tensor;
}

export interface LarsUpdate extends MomentumUpdate {
  /** Size of a step as a share of the weight's norm. */
  readonly trustCoefficient: number;
  /** Added to the denominator of the trust ratio. */
  readonly epsilon: number;
}

/** A parameter of layer-wise adaptive rate scaling. */
export interface LarsParameter extends ParameterUpdate {
  /** Else without trust ratio and without weight decay. */
  readonly adaptive: boolean;
}

/** A target parameter, and the online one that it follows. */
export interface TargetUpdate {
  readonly target: Variable;
  readonly online: Tensor;
}

/** What there is of a sum, and what is added to it. */
export interface SumPair {
  readonly total: Tensor;
  readonly part: Tensor;
}

export interface ScaleAndShift<T extends Tensor> {
  readonly factor: Tensor1D;
  readonly shift: Tensor1D;
  readonly residual: T | undefined;
  readonly relu: boolean;
}

export interface BatchNormalizationForward {
  readonly x: Tensor4D;
  readonly scale: Tensor1D | undefined;
  readonly offset: Tensor1D | undefined;
  /** Added after the normalization, before the ReLU. */
  readonly residual: Tensor4D | undefined;
  readonly relu: boolean;
  readonly runningMean: Tensor1D;
  readonly runningVariance: Tensor1D;
  readonly epsilon: number;
  readonly momentum: number;
}

export interface BatchNormalizationForwardResult {
  readonly y: Tensor4D;
  /** The running statistics after this batch. */
  readonly runningMean: Tensor1D;
  readonly runningVariance: Tensor1D;
  /** What the backward kernel of the same table wants back; small. */
  readonly reserve: Tensor[];
}

export interface BatchNormalizationBackward {
  readonly x: Tensor4D;
  readonly dy: Tensor4D;
  /** The forward result where a ReLU was applied, else undefined. */
  readonly y: Tensor4D | undefined;
  readonly scale: Tensor1D | undefined;
  readonly reserve: readonly Tensor[];
  readonly residual: boolean;
  readonly epsilon: number;
}

export interface BatchNormalizationBackwardResult {
  readonly x: Tensor4D;
  readonly scale: Tensor1D;
  readonly offset: Tensor1D;
  /** Present where there was a residual. */
  readonly residual: Tensor4D | undefined;
}

export interface InfoNceSettings {
  readonly temperature: number;
  /** Also the gradients. */
  readonly withGradients: boolean;
}

export interface InfoNceResult {
  /** Of each query, `[n]`. */
  readonly loss: Tensor1D;
  /** Of each query's loss to the query and to its positive, `[n, dim]`, where they were asked for. */
  readonly queryGradient: Tensor2D | undefined;
  readonly positiveGradient: Tensor2D | undefined;
}

/** Of each row, `[n, 1]`: the largest logit, and Σⱼ exp(logitⱼ − maximum). */
export interface RunningSoftmax {
  readonly maximum: Tensor2D;
  readonly sum: Tensor2D;
}

export interface SoftmaxTile extends RunningSoftmax {
  /** exp(logit − maximum), `[n, t]`. */
  readonly exponentials: Tensor2D;
  /** `[n, 1]`: what sums from before were multiplied by, since the maximum has risen. */
  readonly decay: Tensor2D;
}

/**
 * What the differentiable operations are made of: plain functions of tensors without a gradient. They leave their
 * inputs alone and return tensors that the caller owns; temporaries go with the tidy of the caller.
 *
 * On a backend that has tensors in half precision, convolution, batch normalization, pooling and their gradients to
 * images take them, and give images in the precision of those they get; all else that they take and give is in full
 * precision.
 */
export interface Kernels {
  /** The values in half precision, on a backend that has it; `x` itself where it is, or where its shape does not allow it. */
  halfPrecision?<T extends Tensor>(x: T): T;
  /** The values in full precision; `x` itself where it is. */
  fullPrecision?<T extends Tensor>(x: T): T;
  isHalfPrecision?(x: Tensor): boolean;
  /** `[b, h, w, c]` with an HWIO filter. */
  convolution(x: Tensor4D, filter: Tensor4D, geometry: ConvolutionForward): Tensor4D;
  /** Gradient to the input, undilated. */
  convolutionInputGradient(
    dy: Tensor4D,
    filter: Tensor4D,
    inputShape: readonly [number, number, number, number],
    geometry: WindowGeometry,
  ): Tensor4D;
  /** Gradient to the filter, undilated. */
  convolutionFilterGradient(
    x: Tensor4D,
    dy: Tensor4D,
    filterShape: readonly [number, number, number, number],
    geometry: WindowGeometry,
  ): Tensor4D;
  batchNormalizationForward(input: BatchNormalizationForward): BatchNormalizationForwardResult;
  /**
   * True where normalization costs little beside convolutions, so that a backward pass may normalize again rather than
   * keep the result.
   */
  readonly normalizeAgain?: boolean;
  batchNormalizationBackward(input: BatchNormalizationBackward): BatchNormalizationBackwardResult;
  /**
   * x · factor + shift + residual, then max(·, 0) where `relu`, in one pass; `factor` and `shift` are one value for each
   * of the last axis. Where a backend's own operations would lose NaN on the way, or are slower together.
   */
  scaleAndShift?<T extends Tensor>(x: T, input: ScaleAndShift<T>): T;
  /** max(x, 0). NaN stays. */
  relu<T extends Tensor>(x: T): T;
  /** `dy` where `y > 0`, else 0. */
  reluGradient<T extends Tensor>(dy: T, y: T): T;
  /** Padding counts as −∞. */
  maxPool(x: Tensor4D, geometry: PoolGeometry): Tensor4D;
  maxPoolGradient(dy: Tensor4D, x: Tensor4D, y: Tensor4D, geometry: PoolGeometry): Tensor4D;
  /** `[rows, columns]` → `[columns]`. */
  columnSum(x: Tensor2D): Tensor1D;
  /** Mean over the middle axis: `[b, cells, c]` → `[b, c]`. */
  cellMean(x: Tensor3D): Tensor2D;
  /** One step of SGD with a velocity, in place: v ← momentum · v + g + weightDecay · w; w ← w − learningRate · v. */
  momentumUpdate(variable: Variable, velocity: Variable, gradient: Tensor, options: MomentumUpdate): void;
  /** The same for each of many different variables: where a backend can do them together. */
  momentumUpdates?(updates: readonly ParameterUpdate[], options: MomentumUpdate): void;
  /**
   * One step of layer-wise adaptive rate scaling of different parameters, in place:
   * v ← momentum · v + learningRate · ratio · (g + weightDecay · w); w ← w − v, where
   * ratio = trustCoefficient · ‖w‖ / (‖g‖ + weightDecay · ‖w‖ + ε), and 1 where a norm is 0.
   */
  larsUpdates(updates: readonly LarsParameter[], options: LarsUpdate): void;
  /**
   * Gradients of a loss that was multiplied by `state[0]`, divided by it; `overflow[0]` becomes 1 where one of them is
   * not finite. Takes the gradients over.
   */
  unscaleGradients?(gradients: readonly Tensor[], state: Variable, overflow: Variable): Tensor[];
  /**
   * In place, `state` being the scale and the steps since the last overflow: after an overflow the scale backs off, and
   * after `growthInterval` steps without one it grows. `overflow` becomes 0.
   */
  adaptLossScale?(state: Variable, overflow: Variable, settings: LossScaleSettings): void;
  /** In place: target ← momentum · target + (1 − momentum) · online. */
  moveTowards(target: Variable, online: Tensor, momentum: number): void;
  /** The same for each of many different targets: where a backend can do them together. */
  moveAllTowards?(updates: readonly TargetUpdate[], momentum: number): void;
  /**
   * The sums of pairs, where a backend can do them together. Takes `total` over: a sum is that tensor, changed in
   * place, or another one.
   */
  addAll?(pairs: readonly SumPair[]): Tensor[];
  /** The sum of one pair at once, under the same terms, where that is better than a new tensor. */
  addTo?(pair: SumPair): Tensor;
  /** In place: row i goes to position (pointer + i) mod length; at least one row, at most as many as the ring has. */
  ringWrite(ring: Variable, rows: Tensor2D, pointer: number): void;
  /** x / max(‖x‖, ε) of every row, and the norms, `[rows, 1]`. */
  unitRows(x: Tensor2D, epsilon: number): { readonly y: Tensor2D; readonly norm: Tensor2D };
  unitRowsGradient(dy: Tensor2D, y: Tensor2D, norm: Tensor2D, epsilon: number): Tensor2D;
  /** `[b, cells, c]` and int32 `[b, picks]` → `[b, picks, c]`. */
  gatherCells(cells: Tensor3D, index: Tensor2D): Tensor3D;
  /** Gradient to `count` cells. */
  gatherCellsGradient(dy: Tensor3D, index: Tensor2D, count: number): Tensor3D;
  /** Which row of `[b, keys, c]` has the largest cosine with each of `[b, queries, c]`: `[b, queries]`. */
  mostSimilar(query: Tensor3D, key: Tensor3D): { readonly index: Tensor2D; readonly similarity: Tensor2D };
  /**
   * The InfoNCE loss of every query without its logits, where a backend has it in one go.
   *
   * @returns undefined where the device cannot
   */
  infoNce?(
    query: Tensor2D,
    positive: Tensor2D,
    negatives: Tensor2D,
    settings: InfoNceSettings,
  ): InfoNceResult | undefined;
  /**
   * One more tile of logits, `[n, t]`, in the running softmax of n rows, where a backend has it in one pass. `before` is
   * absent for the first.
   */
  softmaxTile?(logits: Tensor2D, before: RunningSoftmax | undefined): SoftmaxTile;
  /** a · b of matrices, either one transposed first. */
  matMul(a: Tensor2D, b: Tensor2D, transposeA?: boolean, transposeB?: boolean): Tensor2D;
}

/** What changes variables in place, of a backend that does many of them together. */
export type UpdateKernels = Required<
  Pick<
    Kernels,
    | 'momentumUpdate'
    | 'momentumUpdates'
    | 'larsUpdates'
    | 'moveTowards'
    | 'moveAllTowards'
    | 'addAll'
    | 'ringWrite'
  >
>;
