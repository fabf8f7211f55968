import { readFile } from 'node:fs/promises';
import type { ParameterSet } from '@pixcon/core';
import {
  type CheckpointContent,
  type DecodedCheckpoint,
  decodeCheckpoint,
  encodeCheckpoint,
} from './checkpoint.ts';
import { checkpointError } from './checkpoint-error.ts';
import { decodeSafetensors, type SafetensorsContent } from './decode-safetensors.ts';
import { decodeWeights, type WeightsContent } from './decode-weights.ts';
import { encodeSafetensors } from './encode-safetensors.ts';
import { type ParametersToFileOptions, parametersToFile } from './parameters.ts';
import { writeFileAtomic } from './write-file-atomic.ts';

/**
 * Reads a safetensors file; see `decodeSafetensors`.
 *
 * @throws PixconError `checkpoint` that names the file
 */
export function readSafetensors(path: string): Promise<SafetensorsContent> {
  return read(path, decodeSafetensors);
}

/**
 * Reads weights of PyTorch, safetensors or `.pth`; see `decodeWeights`.
 *
 * @throws PixconError `checkpoint` that names the file and, where it is one, the tensor
 * @example
 * const { tensors } = await readWeights('resnet50.pth');
 */
export function readWeights(path: string): Promise<WeightsContent> {
  return read(path, decodeWeights);
}

export interface SaveParametersOptions extends ParametersToFileOptions {
  /** Free text by name, stored in the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Saves a network's parameters as safetensors in PyTorch's names and layout, atomically; see `parametersToFile`.
 *
 * @example
 * await saveParameters('backbone.safetensors', state.online, { prefix: 'backbone' });
 */
export async function saveParameters(
  path: string,
  parameters: ParameterSet,
  options: SaveParametersOptions = {},
): Promise<void> {
  const { metadata = {}, ...selection } = options;
  await writeFileAtomic(path, encodeSafetensors(await parametersToFile(parameters, selection), metadata));
}

/**
 * Writes a training checkpoint, atomically: `path` holds the old one until the new one is complete.
 *
 * @throws PixconError `checkpoint` when the file cannot be written; see `encodeCheckpoint`
 *
 * @example
 * await writeCheckpoint('runs/sr/checkpoint.safetensors', {
 *   sections: { online: state.online, optimizer: optimizer.state() },
 *   record: { step: 100 },
 * });
 */
export async function writeCheckpoint(path: string, content: CheckpointContent): Promise<void> {
  await writeFileAtomic(path, await encodeCheckpoint(content));
}

/**
 * Reads a training checkpoint.
 *
 * @throws PixconError `checkpoint` that names the file when it is missing, damaged, or no checkpoint
 *
 * @example
 * const { sections, record } = await readCheckpoint('runs/sr/checkpoint.safetensors');
 * loadParameters(state.online, sections.online);
 */
export function readCheckpoint(path: string): Promise<DecodedCheckpoint> {
  return read(path, decodeCheckpoint);
}

async function read<T>(path: string, decode: (bytes: Uint8Array) => T): Promise<T> {
  try {
    return decode(await readFile(path));
  } catch (cause) {
    throw checkpointError(`could not read ${path}: ${reasonOf(cause as NodeJS.ErrnoException)}`, cause);
  }
}

/** The system's own words repeat the path, or speak of its calls. */
function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EISDIR') return 'it is a folder, expected a file';
  return message;
}
