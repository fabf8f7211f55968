import { PixconError } from '@pixcon/core';
import { type EncodableTensor, elementCount } from '../host-tensor.ts';
import { encodePickle } from '../pickle/encode-pickle.ts';
import {
  PickleCall,
  PickleGlobal,
  type PickleInput,
  PicklePersistentId,
  PickleTuple,
} from '../pickle/values.ts';
import { encodeZip } from '../zip/encode-zip.ts';

/** What `encodeTorch` writes beside tensors, as a plain dict. */
export type TorchValue = PickleInput;

const storages = { F32: 'FloatStorage', I64: 'LongStorage' } as const;

/**
 * A `.pth` file as `torch.save({'state_dict': …, …})` writes it, which `torch.load(path, weights_only=True)` reads.
 *
 * @param tensors float32 or int64, by name
 * @param beside further entries of the outer dict, such as `meta`
 * @throws PixconError `invalid-argument` for a tensor of another dtype
 * @example
 * await writeFile('resnet.pth', encodeTorch(tensors, { meta: new Map([['epoch', 100]]) }));
 */
export function encodeTorch(
  tensors: ReadonlyMap<string, EncodableTensor>,
  beside: Readonly<Record<string, TorchValue>> = {},
): Uint8Array {
  const encoder = new TextEncoder();
  const data: [string, Uint8Array][] = [];
  const stateDict = new Map<string, PickleInput>();
  for (const [name, tensor] of tensors) {
    if (tensor.dtype !== 'F32' && tensor.dtype !== 'I64') {
      throw new PixconError(
        'invalid-argument',
        `encodeTorch: tensor ${name} must be F32 or I64, got ${tensor.dtype}`,
      );
    }
    const { buffer, byteOffset, byteLength } = tensor.data;
    const key = String(data.length);
    data.push([`archive/data/${key}`, new Uint8Array(buffer, byteOffset, byteLength)]);
    const storage = new PicklePersistentId(
      new PickleTuple([
        'storage',
        new PickleGlobal('torch', storages[tensor.dtype]),
        key,
        'cpu',
        tensor.data.length,
      ]),
    );
    stateDict.set(name, rebuild(storage, tensor.shape));
  }
  const pickle = encodePickle(
    new Map<string, PickleInput>([['state_dict', stateDict], ...Object.entries(beside)]),
    2,
  );
  return encodeZip([
    ['archive/data.pkl', pickle],
    ['archive/byteorder', encoder.encode('little')],
    ...data,
    ['archive/version', encoder.encode('3\n')],
  ]);
}

function rebuild(storage: PicklePersistentId, shape: readonly number[]): PickleCall {
  const strides = shape.map((_, axis) => elementCount(shape.slice(axis + 1)));
  return new PickleCall(new PickleGlobal('torch._utils', '_rebuild_tensor_v2'), [
    storage,
    0,
    new PickleTuple(shape),
    new PickleTuple(strides),
    false,
    new PickleCall(new PickleGlobal('collections', 'OrderedDict'), []),
  ]);
}
