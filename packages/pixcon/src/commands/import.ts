import { basename, extname } from 'node:path';
import { resnet } from '@pixcon/backbones';
import { encodeSafetensors, type ResNetDescription } from '@pixcon/checkpoints';
import { writeFileAtomic } from '@pixcon/checkpoints/node';
import { architectures } from '../build-method.ts';
import { readInitialWeights } from '../initial-weights.ts';
import type { architectureNames } from '../names.ts';
import { prepareOutput } from '../prepare-output.ts';
import { printable } from '../printable.ts';
import { uninterrupted } from '../uninterrupted.ts';

export interface ImportCommandOptions {
  /** What the file must hold. Default: what it holds. */
  readonly arch?: (typeof architectureNames)[number];
  /** Which network of the file. Default: see `findBackbone`. */
  readonly network?: string;
  /** Default: the file's name with `-backbone.safetensors`, in the folder at hand. */
  readonly out?: string;
}

/** `pixcon import FILE`: PyTorch's weights as `backbone.safetensors`. Returns the exit code. */
export async function importCommand(file: string, options: ImportCommandOptions): Promise<number> {
  const { arch, network: asked, out = `${basename(file, extname(file))}-backbone.safetensors` } = options;
  const parameters = ({ block, layers, planes, stemChannels, stemSize }: ResNetDescription) =>
    arch === undefined
      ? resnet({ block, layers, planes, stemChannels, stem: stemSize === 3 ? 'small' : 'imagenet' })
          .parameters
      : architectures[arch]({ planes, stemChannels }).parameters;
  const { tensors, summary, network } = await readInitialWeights(file, {
    parameters,
    ...(arch ? { arch } : {}),
    network: asked,
  });
  await prepareOutput(out);
  const metadata = {
    format: 'pt',
    source: basename(file),
    ...(network === undefined ? {} : { network }),
    ...(arch ? { architecture: arch } : {}),
  };
  const bytes = encodeSafetensors(tensors, metadata);
  await uninterrupted(() => writeFileAtomic(out, bytes));
  process.stderr.write(`${printable(summary)}\n`);
  process.stderr.write(`${out} is ready: pixcon pretrain DIR --init ${out}\n`);
  return 0;
}
