import { PixconError } from '@pixcon/core';
import { checkpointError } from '../checkpoint-error.ts';
import type { HostTensor } from '../host-tensor.ts';
import { collectTensors } from './collect-tensors.ts';
import { openArchive } from './open-archive.ts';
import { openStream } from './open-stream.ts';
import type { OpenedPickle } from './opened-pickle.ts';
import { materialize, type TensorReference } from './tensor-reference.ts';
import { listForeign, torchPickle } from './torch-pickle.ts';

/** The weights in a file of `torch.save`, or in a pickle of NumPy arrays. */
export interface TorchContent {
  /**
   * Every tensor of the file, in its order, by the keys and attributes that lead to it with dots between, less those
   * that all share: `conv1.weight`, or `model.conv1.weight` beside `model_ema.conv1.weight`. Each has memory of its own.
   */
  readonly tensors: Map<string, HostTensor>;
  /** The keys that lead to all of them: `[]` for a bare state dict, `['state_dict']`, `['model']` … */
  readonly path: readonly string[];
  /** What was left aside: classes and functions of the file, none of which was run, and tensors that are not read. */
  readonly aside: readonly string[];
}

/** Shared storages may count several times, up to this multiple of the file. */
const largestExpansion = 4;

/**
 * Reads the weights of a `.pth` file: the zip archives that `torch.save` has written since PyTorch 1.6, and the
 * stream before (`_use_new_zipfile_serialization=False`); and of a pickle of NumPy arrays, such as Detectron2's
 * `.pkl`. Tensors are found in dicts, lists and objects, whole modules among them. Nothing of the file is executed:
 * of Python's classes and functions only those that describe tensors have a meaning; objects of any other are data.
 * Memory is bounded by a multiple of the file's size. Tensors come contiguous; half floats as exact float32, 64-bit
 * integers as bigint. Where a file holds several networks, `findBackbone` chooses.
 *
 * @throws PixconError `checkpoint` that names the tensor, or the part of the file, and what is wrong
 * @example
 * const { tensors, path } = decodeTorch(bytes); // torch.save({'state_dict': model.state_dict()}, …)
 * path; // => ['state_dict']
 * tensors.get('conv1.weight')?.shape; // => [64, 3, 7, 7]
 */
export function decodeTorch(bytes: Uint8Array): TorchContent {
  try {
    const foreign = listForeign();
    const open = isZip(bytes) ? openArchive : isPickle(bytes) ? openStream : undefined;
    if (!open) {
      throw checkpointError(
        'expected a file of torch.save (a zip archive, or the stream before PyTorch 1.6) or a pickle',
      );
    }
    const { value, read } = open(bytes, { ...torchPickle, global: foreign.global });
    const { tensors, path, unreadable } = collectTensors(value);
    const aside = [...foreign.names(), ...[...unreadable].map(([name, reason]) => `${name} (${reason})`)];
    if (tensors.size === 0) throw checkpointError(`it holds no dict with tensors${beside(aside)}`);
    return { tensors: materializeAll(tensors, read, bytes.length), path, aside };
  } catch (cause) {
    throw PixconError.isInstance(cause) ? checkpointError(`decodeTorch: ${cause.message}`, cause) : cause;
  }
}

/** Whether bytes begin as a zip archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return [0x50, 0x4b, 0x03, 0x04].every((byte, index) => bytes[index] === byte);
}

/** Whether bytes begin as a pickle does: of protocol 2 to 5, or with a dict, list or number of protocol 0 or 1. */
export function isPickle(bytes: Uint8Array): boolean {
  if (bytes[0] === 0x80) return (bytes[1] as number) >= 2 && (bytes[1] as number) <= 5;
  const start = String.fromCharCode(...bytes.subarray(0, 12));
  return /^(\((dp|lp|dq|lq)|[}\]]q|L\d{10}|ccollections)/.test(start);
}

function beside(aside: readonly string[]): string {
  if (aside.length === 0) return '';
  const more = aside.length > 5 ? ` and ${aside.length - 5} more` : '';
  const shown = aside.slice(0, 5).map((name) => name.slice(0, 80));
  return `, but ${shown.join(', ')}${more}; nothing was executed. Load it in PyTorch, and save the state dict alone: torch.save(model.state_dict(), …)`;
}

function materializeAll(
  references: ReadonlyMap<string, TensorReference>,
  read: OpenedPickle['read'],
  fileSize: number,
): Map<string, HostTensor> {
  const tensors = new Map<string, HostTensor>();
  let total = 0;
  for (const [name, reference] of references) {
    try {
      total += reference.byteLength;
      if (!(total <= largestExpansion * fileSize)) {
        throw checkpointError(`up to it, tensors take ${total} bytes in a file of ${fileSize}`);
      }
      const { storage } = reference;
      tensors.set(name, materialize(reference, storage.inline?.() ?? read(storage)));
    } catch (cause) {
      if (!PixconError.isInstance(cause)) throw cause;
      throw checkpointError(`tensor ${name.slice(0, 200)}: ${cause.message}`, cause);
    }
  }
  return tensors;
}
