import {
  assertTensorsFit,
  describeResNet,
  type EncodableTensor,
  findBackbone,
  loadParameters,
  type ResNetDescription,
  toFloat32,
} from '@pixcon/checkpoints';
import { readWeights } from '@pixcon/checkpoints/node';
import { type Method, type ParameterSpec, PixconError } from '@pixcon/core';

/** A backbone from a file of PyTorch. */
export interface InitialWeights {
  /** Float32, in PyTorch's names and layout. */
  readonly tensors: ReadonlyMap<string, EncodableTensor>;
  /** What was taken and what was not, in a sentence. */
  readonly summary: string;
}

export interface WantedBackbone {
  /** Its parameters, given what the tensors say about the network. */
  readonly parameters: (description: ResNetDescription) => readonly ParameterSpec[];
  /** The architecture's name. Default: any. */
  readonly arch?: string;
}

/**
 * Reads the backbone of a safetensors or `.pth` file, whatever wraps it, and checks that it fits.
 *
 * @throws PixconError `checkpoint` that names the file and the tensors that are missing, mis-shaped or damaged
 */
export async function readInitialWeights(
  path: string,
  { parameters, arch }: WantedBackbone,
): Promise<InitialWeights> {
  const content = await readWeights(path);
  try {
    const { tensors, prefix, ignored } = findBackbone(content.tensors);
    const description = describeResNet(tensors);
    const { name: depth, layers, block } = description;
    const name = depth ?? `a ResNet of ${layers.join(', ')} ${block} blocks`;
    if (arch !== undefined && depth !== undefined && arch !== depth) {
      throw new PixconError('checkpoint', `it holds ${depth}, not the ${arch} that was asked for`);
    }
    assertTensorsFit(`as ${arch ?? name}`, parameters(description), tensors);
    const from = [...content.path, ...(prefix === '' ? [] : [`${prefix}…`])].join(', ');
    const rest = ignored.length > 6 ? ` and ${ignored.length - 6} more` : '';
    const left = ignored.length === 0 ? '' : `; ignored ${ignored.slice(0, 6).join(', ')}${rest}`;
    return {
      tensors: toFloat32(tensors),
      summary: `took ${tensors.size} tensors of ${name} from ${path}${from && ` (${from})`}${left}`,
    };
  } catch (cause) {
    if (!PixconError.isInstance(cause)) throw cause;
    throw new PixconError('checkpoint', `${path}: ${cause.message}`, { cause });
  }
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
