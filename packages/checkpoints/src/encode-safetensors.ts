import { PixconError } from '@pixcon/core';
import { bytesPerElement, type EncodableTensor, elementCount } from './host-tensor.ts';

/**
 * The bytes of a safetensors file (version 0.x of the format: an 8-byte little-endian header length, a JSON
 * header padded with spaces to a multiple of 8, then the tensors without gaps, largest elements first so that
 * each is aligned). Equal content gives equal bytes, whatever the order of the map.
 *
 * @param tensors by name; values are copied bit for bit
 * @param metadata free text by name, stored as `__metadata__`
 * @throws PixconError `checkpoint` for a tensor whose data does not fill its shape, an unknown dtype, or the
 * reserved name `__metadata__`
 *
 * @example
 * const bytes = encodeSafetensors(new Map([['bias', { dtype: 'F32', shape: [2], data: Float32Array.of(1, 2) }]]));
 * decodeSafetensors(bytes).tensors.get('bias')?.data; // => Float32Array [1, 2]
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, EncodableTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const entries = [...tensors].map(([name, tensor]) => ({ name, tensor, bytes: tensorBytes(name, tensor) }));
  entries.sort(
    (a, b) =>
      elementSize(b.tensor) - elementSize(a.tensor) || (a.name < b.name ? -1 : Number(a.name > b.name)),
  );
  // A null prototype keeps a tensor named __proto__ an ordinary key.
  const header: Record<string, unknown> = Object.create(null);
  if (Object.keys(metadata).length > 0) header.__metadata__ = metadata;
  let offset = 0;
  for (const { name, tensor, bytes } of entries) {
    const end = offset + bytes.byteLength;
    header[name] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(text.length / 8) * 8;
  const file = new Uint8Array(8 + headerLength + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.fill(0x20, 8, 8 + headerLength);
  file.set(text, 8);
  let position = 8 + headerLength;
  for (const { bytes } of entries) {
    file.set(bytes, position);
    position += bytes.byteLength;
  }
  return file;
}

function elementSize(tensor: EncodableTensor): number {
  return bytesPerElement(tensor.dtype) ?? 0;
}

function tensorBytes(name: string, tensor: EncodableTensor): Uint8Array {
  const fail = (reason: string) =>
    new PixconError('checkpoint', `encodeSafetensors: tensor ${name} ${reason}`);
  if (name === '__metadata__') throw fail('uses a name that the format reserves; rename it');
  const { dtype, shape, data } = tensor;
  const size = bytesPerElement(dtype);
  if (size === undefined) throw fail(`has the unknown dtype ${String(dtype)}`);
  if (!shape.every((length) => Number.isSafeInteger(length) && length >= 0)) {
    throw fail(`must have a shape of whole numbers, got [${shape.join(', ')}]`);
  }
  if (data.BYTES_PER_ELEMENT !== size) {
    throw fail(`of dtype ${dtype} needs ${size} bytes per element, got a ${data.constructor.name}`);
  }
  if (data.length !== elementCount(shape)) {
    throw fail(`of shape [${shape.join(', ')}] needs ${elementCount(shape)} values, got ${data.length}`);
  }
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
