import { checkpointError } from './checkpoint-error.ts';
import { decodeSafetensors } from './decode-safetensors.ts';
import type { HostTensor } from './host-tensor.ts';
import { decodeTorch } from './torch/decode-torch.ts';

/** The weights of a file, whichever format it has. */
export interface WeightsContent {
  readonly tensors: Map<string, HostTensor>;
  readonly format: 'safetensors' | 'torch';
  /** Where they lay in the file, for messages: empty, or keys such as `state_dict`. */
  readonly path: readonly string[];
}

/**
 * Reads a safetensors file or a `.pth` of `torch.save`, told apart by their first bytes; see `decodeSafetensors`
 * and `decodeTorch`. Nothing of the file is executed.
 *
 * @throws PixconError `checkpoint` that names the tensor and what is wrong
 */
export function decodeWeights(bytes: Uint8Array): WeightsContent {
  // A zip archive, or a pickle. As the length of a safetensors header either would be absurd.
  const torch =
    (bytes[0] === 0x50 && bytes[1] === 0x4b) || (bytes[0] === 0x80 && bytes[1] === 0x02 && bytes[2] === 0x8a);
  if (torch) return { ...decodeTorch(bytes), format: 'torch' };
  const other = neither(bytes);
  if (other) throw checkpointError(`expected a safetensors file, or a .pth of torch.save, got ${other}`);
  return { tensors: decodeSafetensors(bytes).tensors, format: 'safetensors', path: [] };
}

/** What a file is that cannot even be a damaged one; else undefined. */
function neither(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'an empty file';
  const [first = 0, second = 0] = bytes;
  if (first === 0x80 && second >= 2 && second <= 5) {
    return 'another pickle of Python: load it there, and save its state dict with torch.save';
  }
  // A safetensors file begins with the length of its header, whose limit leaves the upper four bytes 0.
  const upper = bytes.subarray(4, 8);
  return upper.length === 4 && upper.some((byte) => byte !== 0) ? 'a file of another kind' : undefined;
}
