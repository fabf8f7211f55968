/** What a PNG's header says of its pixels. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  /** Bits per sample: 1, 2, 4, 8 or 16. */
  readonly bitDepth: number;
  readonly colour: 'grey' | 'rgb' | 'palette' | 'grey with alpha' | 'rgb with alpha';
}

export interface BarePng {
  readonly header: PngHeader;
  /** The same image without colour profile, gamma, transparency and palette. */
  readonly bytes: Uint8Array;
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const colours: Readonly<Record<number, PngHeader['colour']>> = {
  0: 'grey',
  2: 'rgb',
  3: 'palette',
  4: 'grey with alpha',
  6: 'rgb with alpha',
};

/**
 * Strips a PNG to header, pixels and end, and declares a palette's indices to be grey values. Decoders give
 * colours, corrected by whatever profile and gamma the file carries; of what is left they can only give the
 * numbers that were stored.
 *
 * @returns `undefined` when it is no PNG or its chunks do not fit into it
 * @see the PNG specification, third edition, sections 5 and 11
 */
export function barePng(file: Uint8Array): BarePng | undefined {
  if (file.length < 45 || signature.some((byte, at) => file[at] !== byte)) return undefined;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const colourType = file[25] as number;
  const colour = colours[colourType];
  if (chunkName(file, 12) !== 'IHDR' || view.getUint32(8) !== 13 || colour === undefined) return undefined;
  const header = {
    width: view.getUint32(16),
    height: view.getUint32(20),
    bitDepth: file[24] as number,
    colour,
  };
  const kept: Uint8Array[] = [file.subarray(0, 8), bareHeader(Uint8Array.from(file.subarray(8, 33)))];
  for (let at = 33; at + 12 <= file.length; ) {
    const end = at + 12 + view.getUint32(at);
    if (end > file.length) return undefined;
    const name = chunkName(file, at + 4);
    if (name === 'IDAT' || name === 'IEND') kept.push(file.subarray(at, end));
    if (name === 'IEND') return { header, bytes: Buffer.concat(kept) };
    at = end;
  }
  return undefined;
}

/** The header chunk with a palette's colour type (3) turned into grey (0), and its checksum. */
function bareHeader(chunk: Uint8Array<ArrayBuffer>): Uint8Array {
  if (chunk[17] !== 3) return chunk;
  chunk[17] = 0;
  new DataView(chunk.buffer).setUint32(21, crc32(chunk.subarray(4, 21)));
  return chunk;
}

function chunkName(file: Uint8Array, at: number): string {
  return String.fromCharCode(...file.subarray(at, at + 4));
}

/** Bit by bit: it sums 17 bytes. `zlib.crc32` needs a later Node than the packages do. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
