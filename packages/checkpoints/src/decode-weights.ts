import { checkpointError } from './checkpoint-error.ts';
import { decodeSafetensors } from './decode-safetensors.ts';
import { decodeTorch, isPickle, isZip, type TorchContent } from './torch/decode-torch.ts';

/** The weights of a file, whichever format it has. */
export interface WeightsContent extends TorchContent {
  /** `torch` for a pickle alone, too. */
  readonly format: 'safetensors' | 'torch';
}

/**
 * Reads a safetensors file, a `.pth` of `torch.save`, or a pickle of NumPy arrays, told apart by their first bytes; see
 * `decodeSafetensors` and `decodeTorch`. Nothing of the file is executed.
 *
 * @throws PixconError `checkpoint` that names the tensor and what is wrong
 */
export function decodeWeights(bytes: Uint8Array): WeightsContent {
  if (isZip(bytes) || (isPickle(bytes) && !isHeader(bytes)))
    return { ...decodeTorch(bytes), format: 'torch' };
  if (bytes.length === 0) throw failure('an empty file');
  // A safetensors file begins with the length of its header, whose limit leaves the upper four bytes 0.
  if (bytes.length >= 8 && !isHeader(bytes, false)) throw failure('a file of another kind');
  return { tensors: decodeSafetensors(bytes).tensors, format: 'safetensors', path: [], aside: [] };
}

/** Whether bytes begin as the header of a safetensors file: its length in eight bytes, and JSON. */
function isHeader(bytes: Uint8Array, text = true): boolean {
  return bytes.subarray(4, 8).every((byte) => byte === 0) && (!text || bytes[8] === 0x7b);
}

function failure(found: string) {
  return checkpointError(`expected a safetensors file, or a .pth of torch.save, got ${found}`);
}
