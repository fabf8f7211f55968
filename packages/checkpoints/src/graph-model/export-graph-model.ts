import type { ChannelValues, NetworkGraph, NetworkNode } from '@pixcon/core';
import { checkpointError } from '../checkpoint-error.ts';
import { fromFileLayout } from '../file-layout.ts';
import type { HostTensor } from '../host-tensor.ts';
import { foldNormalization } from './fold-normalization.ts';
import * as node from './node-definition.ts';
import { packWeights, type Weight } from './pack-weights.ts';

export interface ExportGraphModelOptions {
  /**
   * Takes pixel values of 0 to 255 and normalises them in the graph, as `(x / 255 − mean) / standardDeviation`.
   * Default: the images are normalised already.
   */
  readonly pixels?: { readonly mean: ChannelValues; readonly standardDeviation: ChannelValues };
  /** Free text for the file. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Bytes per weight file. Default 4 MiB, which browsers cache. */
  readonly shardBytes?: number;
  /**
   * What the names of the weight files begin with. Default `group1`, as TensorFlow.js's converter names them; models
   * that lie in one folder need names of their own.
   */
  readonly shardPrefix?: string;
}

/** The files of a tfjs GraphModel by name. */
export type GraphModelFiles = ReadonlyMap<string, Uint8Array>;

const input = 'images';

/**
 * A network as a tfjs GraphModel, which `tf.loadGraphModel` runs on every backend: `model.json` and its weight
 * files, to lie in one folder. Batch normalization is folded into the convolutions. The input `images` is
 * `[batch, height, width, 3]` of any size, RGB; each stage (`layer1` …) is an output of its name.
 *
 * @param graph what the network computes: `backbone.graph`
 * @param tensors its parameters in PyTorch's names and layout, as `parametersToFile` gives them
 * @throws PixconError `checkpoint` that names a missing tensor
 * @example
 * const files = exportGraphModel(backbone.graph, await parametersToFile(online, { prefix: 'backbone' }));
 * for (const [name, bytes] of files) await writeFile(join('model', name), bytes);
 * // in the page
 * const model = await tf.loadGraphModel('model/model.json');
 * model.execute(images, 'layer3'); // [batch, height / 16, width / 16, 1024]
 */
export function exportGraphModel(
  graph: NetworkGraph,
  tensors: ReadonlyMap<string, HostTensor>,
  options: ExportGraphModelOptions = {},
): GraphModelFiles {
  const { pixels, metadata = {}, shardBytes = 4 * 1024 * 1024, shardPrefix = 'group1' } = options;
  const nodes: node.NodeDefinition[] = [node.placeholder(input, [-1, -1, -1, 3])];
  const weights: Weight[] = [];
  const constant = (name: string, shape: readonly number[], data: Float32Array | Int32Array): string => {
    const dtype = data instanceof Float32Array ? 'float32' : 'int32';
    nodes.push(node.constant(name, dtype, shape));
    weights.push({ name, dtype, shape, data });
    return name;
  };
  // The graph's input is the images after normalisation, under whatever name it has.
  const names = new Map([[graph.input, input]]);
  const nameOf = (name: string) => names.get(name) ?? name;
  if (pixels) {
    const { mean, standardDeviation } = pixels;
    const shift = constant(
      'pixels/mean',
      [3],
      Float32Array.from(mean, (value) => 255 * value),
    );
    const scale = constant(
      'pixels/scale',
      [3],
      Float32Array.from(standardDeviation, (value) => 1 / (255 * value)),
    );
    nodes.push(node.operation('Sub', 'pixels/centred', [input, shift]));
    nodes.push(node.operation('Mul', 'pixels/normalised', ['pixels/centred', scale]));
    names.set(graph.input, 'pixels/normalised');
  }
  const channels = new Map<string, number>();
  for (const part of graph.nodes) {
    if (part.kind === 'max-pool') {
      const { name, size, stride, padding } = part;
      const amounts = Int32Array.of(0, 0, padding, padding, padding, padding, 0, 0);
      const paddings = constant(`${name}/paddings`, [4, 2], amounts);
      nodes.push(node.zeroPadding(`${name}/padded`, nameOf(part.input), paddings));
      nodes.push(node.maxPooling(name, `${name}/padded`, size, stride));
      channels.set(name, channels.get(part.input) as number);
      continue;
    }
    const { weight, bias, shape } = foldedConvolution(part, tensors);
    const { name, relu, residual } = part;
    const filter = constant(`${name}/filter`, shape, weight);
    const offset = constant(`${name}/bias`, [bias.length], bias);
    channels.set(name, bias.length);
    const sum = residual === undefined ? undefined : `${name}/convolved`;
    nodes.push(
      node.convolution(sum ?? name, [nameOf(part.input), filter, offset], { ...part, relu: relu && !sum }),
    );
    if (sum === undefined || residual === undefined) continue;
    const added = relu ? `${name}/sum` : name;
    nodes.push(node.operation('AddV2', added, [sum, nameOf(residual)]));
    if (relu) nodes.push(node.operation('Relu', name, [added]));
  }
  const outputs = Object.entries(graph.stages).filter(([stage]) => stage !== 'stem');
  const any = { dim: [-1, -1, -1].map((size) => ({ size: String(size) })) };
  const tensorInfo = (name: string, depth: number) => ({
    name: `${name}:0`,
    dtype: 'DT_FLOAT',
    tensorShape: { dim: [...any.dim, { size: String(depth) }] },
  });
  for (const [stage, source] of Object.entries(graph.stages)) {
    nodes.push(node.operation('Identity', stage, [source]));
  }
  const { shards, manifest } = packWeights(weights, shardBytes, shardPrefix);
  const model = {
    format: 'graph-model',
    generatedBy: 'PixCon for JavaScript',
    convertedBy: null,
    signature: {
      inputs: { [input]: tensorInfo(input, 3) },
      outputs: Object.fromEntries(
        outputs.map(([stage, source]) => [stage, tensorInfo(stage, channels.get(source) as number)]),
      ),
    },
    userDefinedMetadata: {
      ...metadata,
      input: pixels
        ? 'RGB, pixel values of 0 to 255'
        : 'RGB, normalised by the mean and deviation of training',
    },
    modelTopology: { node: nodes, library: {}, versions: { producer: 1087 } },
    weightsManifest: manifest,
  };
  return new Map([...shards, ['model.json', new TextEncoder().encode(JSON.stringify(model))]]);
}

function foldedConvolution(
  { convolution, normalization, epsilon }: Extract<NetworkNode, { kind: 'convolution' }>,
  tensors: ReadonlyMap<string, HostTensor>,
): { weight: Float32Array; bias: Float32Array; shape: readonly number[] } {
  const get = (name: string) => {
    const tensor = tensors.get(name);
    if (tensor?.dtype === 'F32') return { shape: tensor.shape, data: tensor.data };
    throw checkpointError(
      `exportGraphModel: tensor ${name} ${tensor ? `must be F32, got ${tensor.dtype}` : 'is missing'}`,
    );
  };
  const filter = fromFileLayout(get(`${convolution}.weight`), 'convolution');
  const folded = foldNormalization(filter, {
    scale: get(`${normalization}.weight`).data,
    offset: get(`${normalization}.bias`).data,
    mean: get(`${normalization}.running_mean`).data,
    variance: get(`${normalization}.running_var`).data,
    epsilon,
  });
  return { ...folded, shape: filter.shape };
}
