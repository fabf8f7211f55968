import {
  assertNumber,
  assertOneOf,
  assertShape,
  type Backbone,
  type FeatureStage,
  type Mode,
  type NetworkGraph,
  type NetworkNode,
  type Parameters,
  PixconError,
  type Precision,
  precisions,
  prefixSpecs,
  scoped,
} from '@pixcon/core';
import { fullPrecision, maxPool, recompute } from '@pixcon/ops';
import * as tf from '@tensorflow/tfjs-core';
import { applyUnit, beginUnit, type ConvolutionUnit, unitNode, unitParameters } from './layers.ts';
import { type BlockKind, expansion, type ResidualBlock, residualBlock } from './residual-block.ts';

export interface ResNetOptions {
  readonly block: BlockKind;
  /** Blocks of each stage, `[3, 4, 6, 3]` for ResNet-50. One to four stages. */
  readonly layers: readonly number[];
  /** Planes of each stage. Default 64, 128, 256, 512. */
  readonly planes?: readonly number[];
  /** Channels of the stem. Default: the first stage's planes. */
  readonly stemChannels?: number;
  /**
   * Input pixels per cell side of the last stage. Default 32. With 16 or 8 the last one or two stages keep their
   * resolution and dilate their 3×3 filters instead (torchvision's `replace_stride_with_dilation`).
   */
  readonly outputStride?: 8 | 16 | 32;
  /**
   * `imagenet`: 7×7 with stride 2, then max pooling (default). `small`: 3×3 with stride 1 and no pooling, for
   * images of 32 to 64 pixels; all strides are then a quarter.
   */
  readonly stem?: 'imagenet' | 'small';
  /**
   * Keep only the input of each block for the backward pass and compute the block again there: about a third of the
   * activations' memory for a third more time of the online encoder. Default false.
   */
  readonly recompute?: boolean;
  /**
   * `mixed`: in training, images between the layers, and their gradients, take two bytes a number in the device's memory
   * (IEEE 754 binary16); sums, statistics and parameters stay in float32 (Micikevicius et al. 2018, arXiv:1710.03740).
   * Half the memory and half the traffic of most layers; the losses must be scaled (`lossScale` of `@pixcon/optimizers`). WebGPU
   * only. `full` (default): float32 throughout.
   */
  readonly precision?: Precision;
  /** Name in the run's record. Default `resnet`. */
  readonly name?: string;
}

const stemPool = { size: 3, stride: 2, padding: 1 } as const;

/**
 * A residual network with torchvision's layout, paddings and parameter names, without the classifier.
 *
 * @throws PixconError `invalid-argument` for options that do not fit each other
 * @see He et al. 2016, arXiv:1512.03385; torchvision.models.resnet
 * @example
 * const backbone = resnet({ block: 'basic', layers: [2, 2, 2, 2], planes: [16, 32, 64, 128] });
 * const parameters = ParameterSet.create(backbone.parameters, new RandomStream(0));
 * backbone.apply(parameters, tf.zeros([2, 128, 128, 3]), { training: true }); // [2, 4, 4, 128]
 */
export function resnet(options: ResNetOptions): Backbone {
  const {
    block,
    layers,
    planes = [64, 128, 256, 512],
    outputStride = 32,
    stem = 'imagenet',
    recompute: again = false,
    precision = 'full',
    name = 'resnet',
  } = options;
  const { stemChannels = planes[0] ?? 64 } = options;
  assertOneOf('resnet', 'block', block, ['basic', 'bottleneck'] as const);
  assertOneOf('resnet', 'stem', stem, ['imagenet', 'small'] as const);
  assertOneOf('resnet', 'outputStride', outputStride, [8, 16, 32] as const);
  assertOneOf('resnet', 'precision', precision, precisions);
  assertNumber('resnet', 'layers.length', layers.length, { minimum: 1, maximum: 4, integer: true });
  for (const [key, list] of Object.entries({ layers, planes, stemChannels: [stemChannels] })) {
    for (const value of list) assertNumber('resnet', key, value, { minimum: 1, integer: true });
  }
  if (planes.length < layers.length) {
    throw new PixconError(
      'invalid-argument',
      `resnet: planes must give the width of each of the ${layers.length} stages, got ${planes.length}`,
    );
  }

  // Four numbers at a time: a layer of another width would put all after it into full precision.
  const odd = [stemChannels, ...planes].find((width) => width % 4 !== 0);
  if (precision === 'mixed' && odd !== undefined) {
    throw new PixconError(
      'invalid-argument',
      `resnet: mixed precision takes widths that are multiples of 4, got ${odd} among stemChannels and planes; change it, or train in full precision`,
    );
  }

  const small = stem === 'small';
  const stemUnit: ConvolutionUnit = {
    convolution: 'conv1',
    normalization: 'bn1',
    size: small ? 3 : 7,
    input: 3,
    output: stemChannels,
    stride: small ? 1 : 2,
    dilation: 1,
    half: precision === 'mixed',
  };
  const stemStride = small ? 1 : 4;
  const limit = small ? outputStride / 4 : outputStride;
  const stages: FeatureStage[] = [{ name: 'stem', channels: stemChannels, stride: stemStride }];
  const blocks: { readonly name: string; readonly module: ResidualBlock }[][] = [];
  let input = stemChannels;
  let stride = stemStride;
  let dilation = 1;
  layers.forEach((count, stage) => {
    const width = planes[stage] as number;
    const strided = stage > 0 && stride * 2 <= limit;
    // The first block of a dilated stage still uses the dilation before it, as in torchvision.
    const before = dilation;
    if (strided) stride *= 2;
    else if (stage > 0) dilation *= 2;
    blocks.push(
      Array.from({ length: count }, (_, index) => {
        const module = residualBlock({
          kind: block,
          input,
          planes: width,
          stride: index === 0 && strided ? 2 : 1,
          dilation: index === 0 ? before : dilation,
          outputDilation: dilation,
        });
        input = width * expansion[block];
        return { name: `layer${stage + 1}.${index}`, module };
      }),
    );
    stages.push({ name: `layer${stage + 1}`, channels: input, stride });
  });
  const last = stages.at(-1) as FeatureStage;

  const applyStem = (parameters: Parameters, images: tf.Tensor4D, mode: Mode): tf.Tensor4D => {
    if (small) return applyUnit(stemUnit, parameters, images, mode, { relu: true });
    return maxPool(beginUnit(stemUnit, parameters, images, mode), stemPool);
  };

  const applyBlock = (module: ResidualBlock, parameters: Parameters, x: tf.Tensor4D, mode: Mode) => {
    if (!again) return module.apply(parameters, x, mode);
    const trained = module.parameters.filter(({ role }) => role !== 'buffer');
    return recompute(
      (input) => module.apply(parameters, input, mode),
      x,
      trained.map(({ name }) => parameters.get(name)),
    );
  };

  const graph = (): NetworkGraph => {
    const nodes: NetworkNode[] = [unitNode(stemUnit, '', 'images', { relu: true })];
    const last = () => (nodes.at(-1) as NetworkNode).name;
    if (!small) nodes.push({ kind: 'max-pool', name: 'maxpool', input: last(), ...stemPool });
    const outputs: [string, string][] = [['stem', last()]];
    blocks.forEach((stage, index) => {
      for (const { name: prefix, module } of stage) nodes.push(...module.graph(`${prefix}.`, last()));
      outputs.push([`layer${index + 1}`, last()]);
    });
    return { input: 'images', nodes, stages: Object.fromEntries(outputs) };
  };

  const features: Backbone['features'] = (parameters, images, wanted, mode) => {
    assertShape('resnet', 'images', images, [null, null, null, 3]);
    const depths = wanted.map((stage) => {
      const depth = stages.findIndex((known) => known.name === stage);
      if (depth >= 0) return depth;
      throw new PixconError(
        'invalid-argument',
        `resnet: expected stages among ${stages.map((known) => known.name).join(', ')}, got ${stage}`,
      );
    });
    return tf.tidy(() => {
      const maps: tf.Tensor4D[] = [];
      const deepest = Math.max(0, ...depths);
      for (let depth = 0; depth <= deepest; depth++) {
        // Each stage tidies its own temporaries: on a tape they would otherwise live until the forward ends.
        maps.push(
          tf.tidy(() =>
            depth === 0
              ? applyStem(parameters, images, mode)
              : (blocks[depth - 1] ?? []).reduce(
                  (x, { name: prefix, module }) => applyBlock(module, scoped(parameters, prefix), x, mode),
                  maps[depth - 1] as tf.Tensor4D,
                ),
          ),
        );
      }
      // New tensors, so that a stage asked for twice gives two.
      return depths.map((depth) => fullPrecision(maps[depth] as tf.Tensor4D));
    });
  };

  return {
    name,
    precision,
    parameters: [
      ...unitParameters(stemUnit),
      ...blocks.flat().flatMap(({ name: prefix, module }) => prefixSpecs(prefix, module.parameters)),
    ],
    stages,
    channels: last.channels,
    stride: last.stride,
    graph: graph(),
    features,
    apply: (parameters, images, mode) => features(parameters, images, [last.name], mode)[0] as tf.Tensor4D,
  };
}
