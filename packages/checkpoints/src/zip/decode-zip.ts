import { ByteCursor } from '../byte-cursor.ts';
import { checkpointError } from '../checkpoint-error.ts';

export interface ZipEntry {
  /** A view into the archive. */
  readonly data: Uint8Array;
  readonly crc: number;
}

interface DirectoryEntry {
  readonly name: string;
  readonly crc: number;
  readonly size: number;
  readonly start: number;
}

const signatures = { local: 0x04034b50, directory: 0x02014b50, end: 0x06054b50 } as const;
const longestComment = 0xffff;

/**
 * The entries of a zip archive of the kind that `torch.save` writes: stored, not compressed, so that no entry can
 * be larger than the file; but for TorchScript's source (`code/`), which is passed over. Nothing is copied, and names are keys only, never paths on a disk.
 *
 * @throws PixconError `checkpoint` for an archive that is cut off or damaged, or whose entries are compressed,
 * encrypted, overlapping, named twice or named differently in the directory and in place
 */
export function decodeZip(bytes: Uint8Array): Map<string, ZipEntry> {
  const { count, start, end } = findDirectory(bytes);
  const cursor = new ByteCursor(bytes.subarray(0, end), start);
  const entries = new Map<string, ZipEntry>();
  const spans: { readonly name: string; readonly from: number; readonly to: number }[] = [];
  for (let index = 0; index < count; index++) {
    const entry = readDirectoryEntry(cursor);
    const { name, crc } = entry;
    if (entries.has(name)) throw checkpointError(`the archive has two entries named ${JSON.stringify(name)}`);
    const [from, to] = locate(bytes.subarray(0, start), entry);
    if (!isSource(name)) entries.set(name, { data: bytes.subarray(from, to), crc });
    spans.push({ name, from: entry.start, to });
  }
  spans.sort((a, b) => a.from - b.from);
  spans.forEach(({ name, from }, index) => {
    if (index > 0 && from < (spans[index - 1]?.to ?? 0)) {
      throw checkpointError(`entry ${JSON.stringify(name)} overlaps the entry before it`);
    }
  });
  return entries;
}

/** The end record is the last in the file, but for a comment of up to 64 KiB. */
function findDirectory(bytes: Uint8Array): { count: number; start: number; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const first = Math.max(0, bytes.length - 22 - longestComment);
  for (let at = bytes.length - 22; at >= first; at--) {
    if (view.getUint32(at, true) !== signatures.end) continue;
    if (at + 22 + view.getUint16(at + 20, true) !== bytes.length) continue;
    const count = view.getUint16(at + 10, true);
    const size = view.getUint32(at + 12, true);
    const start = view.getUint32(at + 16, true);
    if (size === 0xffff_ffff || start === 0xffff_ffff || count === 0xffff) {
      throw checkpointError('an archive of 4 GiB or more cannot be read');
    }
    // Between the directory and its end record there may be the records of zip64, which say the same.
    if (start + size > at) throw checkpointError('the archive’s directory lies outside of the file');
    return { count, start, end: start + size };
  }
  throw checkpointError('the archive has no directory at its end: the file is cut off or damaged');
}

function readDirectoryEntry(cursor: ByteCursor): DirectoryEntry {
  if (cursor.uint32() !== signatures.directory) throw checkpointError('the archive’s directory is damaged');
  cursor.bytes(4);
  const flags = cursor.uint16();
  const method = cursor.uint16();
  cursor.bytes(4);
  const crc = cursor.uint32();
  const stored = cursor.uint32();
  const size = cursor.uint32();
  const nameLength = cursor.uint16();
  const rest = cursor.uint16() + cursor.uint16();
  cursor.bytes(8);
  const start = cursor.uint32();
  const name = cursor.text(nameLength);
  cursor.bytes(rest);
  const fail = (reason: string) => checkpointError(`entry ${JSON.stringify(name)} ${reason}`);
  if (flags & 1) throw fail('is encrypted');
  if (method !== 0 && !isSource(name))
    throw fail('is compressed, which torch.save never does: load the file in PyTorch and save it again');
  if (method === 0 && stored !== size) throw fail(`says that it takes ${stored} bytes to store ${size}`);
  return { name, crc, size: stored, start };
}

/** Whether an entry is of TorchScript's source, which is compressed, and which nothing here reads. */
function isSource(name: string): boolean {
  return /^[^/]+\/code\//.test(name);
}

/** Where the data of an entry lies. */
function locate(bytes: Uint8Array, { name, size, start }: DirectoryEntry): [from: number, to: number] {
  const fail = (reason: string) => checkpointError(`entry ${JSON.stringify(name)} ${reason}`);
  if (start + 30 > bytes.length) throw fail('lies outside of the file');
  const cursor = new ByteCursor(bytes, start);
  if (cursor.uint32() !== signatures.local) throw fail('is not where the directory says');
  cursor.bytes(22);
  const nameLength = cursor.uint16();
  const extraLength = cursor.uint16();
  if (nameLength > cursor.left || cursor.text(nameLength) !== name) throw fail('has another name in place');
  const from = cursor.position + extraLength;
  if (from + size > bytes.length) throw fail(`of ${size} bytes reaches beyond the data`);
  return [from, from + size];
}
