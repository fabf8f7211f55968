import { PixconError } from '@pixcon/core';
import { concatenate } from '../concatenate.ts';
import { crc32 } from './crc32.ts';

export interface EncodeZipOptions {
  /** Each entry's data begins at a multiple of this many bytes. Default 64, as `torch.save` writes. */
  readonly alignment?: number;
}

/** The extra field that `torch.save` pads with. */
const paddingField = 0x4246;
const utf8Names = 0x0800;
const largest = 0xffff_fffe;

/**
 * A zip archive of entries that are stored, not compressed.
 *
 * @throws PixconError `invalid-argument` when it would pass 4 GiB
 * @example
 * encodeZip([['a/version', new TextEncoder().encode('3\n')]]);
 */
export function encodeZip(
  entries: readonly (readonly [name: string, data: Uint8Array])[],
  options: EncodeZipOptions = {},
): Uint8Array {
  const { alignment = 64 } = options;
  const chunks: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let position = 0;
  const put = (chunk: Uint8Array) => {
    chunks.push(chunk);
    position += chunk.length;
  };
  for (const [text, data] of entries) {
    const name = new TextEncoder().encode(text);
    const start = position;
    const beforePadding = start + 30 + name.length + 4;
    const padding = (alignment - (beforePadding % alignment)) % alignment;
    const sums = { crc: crc32(data), size: data.length };
    put(header(0x04034b50, sums, name, 4 + padding));
    put(name);
    const extra = new Uint8Array(4 + padding);
    new DataView(extra.buffer).setUint16(0, paddingField, true);
    new DataView(extra.buffer).setUint16(2, padding, true);
    put(extra);
    put(data);
    directory.push(header(0x02014b50, sums, name, 0, start), name);
    if (position > largest)
      throw new PixconError('invalid-argument', 'encodeZip: an archive must stay below 4 GiB');
  }
  const contents = concatenate(directory);
  return concatenate([...chunks, contents, endOfDirectory(entries.length, contents.length, position)]);
}

/** A local header, or with `start` the directory's. */
function header(
  signature: number,
  { crc, size }: { readonly crc: number; readonly size: number },
  name: Uint8Array,
  extra: number,
  start?: number,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(start === undefined ? 30 : 46));
  view.setUint32(0, signature, true);
  // The directory also says which version made the entry.
  const shift = start === undefined ? 0 : 2;
  if (start !== undefined) {
    view.setUint16(4, 20, true);
    view.setUint32(42, start, true);
  }
  view.setUint16(4 + shift, 20, true);
  view.setUint16(6 + shift, utf8Names, true);
  // 1 January 1980, the first date there is: equal content gives equal bytes.
  view.setUint16(12 + shift, 0x21, true);
  view.setUint32(14 + shift, crc, true);
  view.setUint32(18 + shift, size, true);
  view.setUint32(22 + shift, size, true);
  view.setUint16(26 + shift, name.length, true);
  view.setUint16(28 + shift, extra, true);
  return new Uint8Array(view.buffer);
}

function endOfDirectory(count: number, size: number, start: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(22));
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, size, true);
  view.setUint32(16, start, true);
  return new Uint8Array(view.buffer);
}
