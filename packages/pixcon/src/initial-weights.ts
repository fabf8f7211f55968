import {
  assertTensorsFit,
  describeResNet,
  type EncodableTensor,
  type FoundBackbone,
  findBackbone,
  type HostTensor,
  loadParameters,
  type ResNetDescription,
  toFloat32,
  type WeightsContent,
} from '@pixcon/checkpoints';
import { readWeights } from '@pixcon/checkpoints/node';
import { type Method, type ParameterSpec, PixconError } from '@pixcon/core';

/** A backbone from a file of PyTorch. */
export interface InitialWeights {
  /** Float32, in PyTorch's names and layout. */
  readonly tensors: ReadonlyMap<string, EncodableTensor>;
  /** What was taken and what was not, in a sentence. */
  readonly summary: string;
  /** Which of the file's networks they are; undefined where it has one. */
  readonly network: string | undefined;
}

export interface WantedBackbone {
  /** Its parameters, given what the tensors say about the network. */
  readonly parameters: (description: ResNetDescription) => readonly ParameterSpec[];
  /** The architecture's name. Default: any. */
  readonly arch?: string;
  /** Which network of several, by name. Default: see `findBackbone`. */
  readonly network?: string | undefined;
}

/**
 * Reads the backbone of a safetensors or `.pth` file, whatever wraps it, and checks that it fits.
 *
 * @throws PixconError `checkpoint` that names the file and the tensors that are missing, mis-shaped or damaged
 */
export async function readInitialWeights(path: string, wanted: WantedBackbone): Promise<InitialWeights> {
  const content = await readWeights(path);
  try {
    const { arch, network } = wanted;
    const found = findBackbone(content.tensors, {
      path: content.path,
      network,
      fits: arch === undefined ? undefined : (tensors) => fits(tensors, wanted),
    });
    const name = assertWanted(found, wanted, content.tensors);
    return {
      tensors: toFloat32(found.tensors),
      summary: `took ${found.tensors.size} tensors of ${name} from ${path}${describeFound(found, content)}`,
      network: found.others.length === 0 ? undefined : found.network,
    };
  } catch (cause) {
    if (!PixconError.isInstance(cause)) throw cause;
    throw new PixconError('checkpoint', `${path}: ${cause.message}`, { cause });
  }
}

type Tensors = FoundBackbone['tensors'];

/** What the network is called. @throws PixconError `checkpoint` when it is not the one that is wanted */
function assertWanted(
  { tensors }: FoundBackbone,
  { parameters, arch }: WantedBackbone,
  file: Tensors,
): string {
  const description = describeResNet(tensors);
  const { name: depth, layers, block } = description;
  if (arch !== undefined && depth !== undefined && arch !== depth) {
    throw new PixconError('checkpoint', `it holds ${depth}, not the ${arch} that was asked for`);
  }
  const name = depth ?? `a ResNet of ${layers.join(', ')} ${block} blocks`;
  try {
    assertTensorsFit(`as ${arch ?? name}`, parameters(description), tensors);
  } catch (cause) {
    if (!PixconError.isInstance(cause)) throw cause;
    throw new PixconError('checkpoint', `${cause.message}; its names are ${listed([...file.keys()], 5)}`, {
      cause,
    });
  }
  return name;
}

function fits(tensors: ReadonlyMap<string, HostTensor>, wanted: WantedBackbone): boolean {
  try {
    const description = describeResNet(tensors);
    assertTensorsFit('', wanted.parameters(description), tensors);
    return description.name === undefined || description.name === wanted.arch;
  } catch (error) {
    if (PixconError.isInstance(error)) return false;
    throw error;
  }
}

/** Where in the file it lay, and what was left aside. */
function describeFound(found: FoundBackbone, { path, aside }: WeightsContent): string {
  const { prefix, network, others, choice, ignored, layout } = found;
  const from = [...path, ...(prefix === '' ? [] : [`${prefix}…`])].join(', ');
  const parts = [from && ` (${from})`];
  if (choice !== undefined) {
    parts.push(
      `; ${network} rather than ${listed(others, 6)}, because ${choice} (--network NAME takes another)`,
    );
  }
  if (layout === 'detectron2') {
    parts.push(
      '; its names are Detectron2’s: trained with STRIDE_IN_1X1 or on BGR images, as its own ResNets are, it would compute something else here',
    );
  }
  if (ignored.length > 0) parts.push(`; ignored ${listed(ignored, 6)}`);
  if (aside.length > 0) parts.push(`; executed nothing of ${listed(aside, 6)}`);
  return parts.join('');
}

function listed(names: readonly string[], most: number): string {
  const more = names.length > most ? ` and ${names.length - most} more` : '';
  return `${names
    .slice(0, most)
    .map((name) => name.slice(0, 80))
    .join(', ')}${more}`;
}

/** The method whose online and target backbone begin with these weights; heads and predictors stay random. */
export function startFrom(method: Method, tensors: InitialWeights['tensors']): Method {
  return {
    ...method,
    initialize(options) {
      const state = method.initialize(options);
      try {
        for (const parameters of [state.online, state.target]) {
          if (parameters) loadParameters(parameters, tensors, { prefix: method.backbonePrefix });
        }
      } catch (error) {
        state.dispose();
        throw error;
      }
      return state;
    },
  };
}
