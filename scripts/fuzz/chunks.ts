import { deflateSync, inflateSync, crc32 as zlibCrc32 } from 'node:zlib';
import type { RandomStream } from '@pixcon/core';
import { mutate, type Parts } from './mutate.ts';

interface Chunk {
  readonly name: string;
  readonly data: Uint8Array;
}

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function uint32(value: number, isLittle = false): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, isLittle);
  return bytes;
}

/** Sizes that a header may claim: none of them may be allocated before the pixels are there. */
const sizes = [0, 1, 3, 4096, 16_383, 65_535, 0x7fff_ffff, 0xffff_ffff];

/** @see the PNG specification, third edition, section 5.3 */
export const pngChunks: Parts<Chunk> = {
  split(bytes) {
    const chunks: Chunk[] = [];
    for (let at = 8; at + 12 <= bytes.length; ) {
      const end = Math.min(bytes.length, at + 8 + viewOf(bytes).getUint32(at));
      chunks.push({ name: latin1(bytes.subarray(at + 4, at + 8)), data: bytes.subarray(at + 8, end) });
      at = end + 4;
    }
    return chunks;
  },
  join: (chunks) =>
    new Uint8Array(
      Buffer.concat([
        Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
        ...chunks.flatMap(({ name, data }) => {
          const body = Buffer.concat([Buffer.from(name, 'latin1'), data]);
          return [uint32(data.length), body, uint32(zlibCrc32(body))];
        }),
      ]),
    ),
  change({ name, data }, random) {
    const bytes = Uint8Array.from(data);
    if (name === 'IHDR' && bytes.length === 13) {
      if (random.chance(0.5))
        bytes.set(uint32(sizes[random.integer(0, sizes.length)] as number), 4 * random.integer(0, 2));
      else bytes[8 + random.integer(0, 5)] = random.integer(0, 17);
      return { name, data: bytes };
    }
    if (name === 'IDAT' && random.chance(0.7)) return { name, data: changeDeflated(bytes, random) };
    if (random.chance(0.1)) {
      const names = ['tRNS', 'gAMA', 'iCCP', 'PLTE', 'eXIf', 'acTL', 'fcTL', 'fdAT', 'zTXt', 'iTXt', 'cICP'];
      return { name: names[random.integer(0, names.length)] as string, data: bytes };
    }
    return { name, data: mutate(bytes, random) };
  },
};

/** Changes what is compressed, so that filters and sizes are wrong rather than the compression. */
function changeDeflated(bytes: Uint8Array, random: RandomStream): Uint8Array {
  try {
    return new Uint8Array(deflateSync(mutate(new Uint8Array(inflateSync(bytes)), random)));
  } catch {
    return mutate(bytes, random);
  }
}

/** @see ISO/IEC 10918-1, annex B.1.1 */
export const jpegSegments: Parts<Chunk> = {
  split(bytes) {
    const chunks: Chunk[] = [];
    for (let at = 2; at + 4 <= bytes.length && bytes[at] === 0xff; ) {
      const name = String(bytes[at + 1]);
      // What follows a start of scan are pixels, up to the end of the file.
      const end =
        bytes[at + 1] === 0xda
          ? bytes.length
          : Math.min(bytes.length, at + 2 + viewOf(bytes).getUint16(at + 2));
      chunks.push({ name, data: bytes.subarray(at + 4, end) });
      at = Math.max(end, at + 4);
    }
    return chunks;
  },
  join: (chunks) =>
    new Uint8Array(
      Buffer.concat([
        Uint8Array.of(0xff, 0xd8),
        ...chunks.flatMap(({ name, data }) => {
          // A scan's own header is 12 bytes long for three components.
          const length =
            Number(name) === 0xda ? Math.min(12, data.length + 2) : Math.min(65_535, data.length + 2);
          return [Uint8Array.of(0xff, Number(name), length >> 8, length & 0xff), data];
        }),
      ]),
    ),
  change({ name, data }, random) {
    const bytes = Uint8Array.from(data);
    // A frame's height and width.
    if (Number(name) >= 0xc0 && Number(name) <= 0xc2 && bytes.length > 5 && random.chance(0.5)) {
      bytes.set(
        uint32(sizes[random.integer(0, sizes.length)] as number).subarray(2),
        1 + 2 * random.integer(0, 2),
      );
      return { name, data: bytes };
    }
    return { name, data: mutate(bytes, random) };
  },
};

/** @see the WebP container specification, "RIFF file format" */
export const riffChunks: Parts<Chunk> = {
  split(bytes) {
    const chunks: Chunk[] = [];
    for (let at = 12; at + 8 <= bytes.length; ) {
      const end = Math.min(bytes.length, at + 8 + viewOf(bytes).getUint32(at + 4, true));
      chunks.push({ name: latin1(bytes.subarray(at, at + 4)), data: bytes.subarray(at + 8, end) });
      at = end + (end % 2);
    }
    return chunks;
  },
  join(chunks) {
    const body = Buffer.concat(
      chunks.flatMap(({ name, data }) => [
        Buffer.from(name, 'latin1'),
        uint32(data.length, true),
        data,
        new Uint8Array(data.length % 2),
      ]),
    );
    return new Uint8Array(
      Buffer.concat([Buffer.from('RIFF'), uint32(body.length + 4, true), Buffer.from('WEBP'), body]),
    );
  },
  change: ({ name, data }, random) => ({ name, data: mutate(Uint8Array.from(data), random) }),
};

/** A stored zip archive, as `torch.save` writes it. @see APPNOTE.TXT, 4.3 */
export function storedZip(entries: readonly Chunk[]): Uint8Array {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  for (const { name, data } of entries) {
    const label = Buffer.from(name);
    const shared = new DataView(new ArrayBuffer(26));
    shared.setUint32(10, zlibCrc32(data), true);
    shared.setUint32(14, data.length, true);
    shared.setUint32(18, data.length, true);
    shared.setUint16(22, label.length, true);
    const fields = new Uint8Array(shared.buffer);
    const local = [Buffer.from('PK\x03\x04', 'latin1'), fields, label, data];
    directory.push(
      Buffer.concat([
        Buffer.from('PK\x01\x02\0\0', 'latin1'),
        fields,
        new Uint8Array(10),
        uint32(at, true),
        label,
      ]),
    );
    parts.push(...local);
    at += local.reduce((sum, part) => sum + part.length, 0);
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, entries.length, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(
    12,
    directory.reduce((sum, part) => sum + part.length, 0),
    true,
  );
  end.setUint32(16, at, true);
  return new Uint8Array(Buffer.concat([...parts, ...directory, new Uint8Array(end.buffer)]));
}

/** Entries of a stored archive; none where it is damaged. */
export const zipEntries: Parts<Chunk> = {
  split(bytes) {
    const entries: Chunk[] = [];
    const view = viewOf(bytes);
    for (let at = 0; at + 30 <= bytes.length && view.getUint32(at, true) === 0x04034b50; ) {
      const [nameLength, extra] = [view.getUint16(at + 26, true), view.getUint16(at + 28, true)];
      const start = at + 30 + nameLength + extra;
      const size = view.getUint32(at + 18, true);
      entries.push({
        name: Buffer.from(bytes.subarray(at + 30, at + 30 + nameLength)).toString(),
        data: bytes.subarray(start, start + size),
      });
      at = start + size;
      // A descriptor may follow the data: 16 bytes with a signature.
      if (at + 16 <= bytes.length && view.getUint32(at, true) === 0x08074b50) at += 16;
    }
    return entries;
  },
  join: storedZip,
  change: ({ name, data }, random) =>
    random.chance(0.15)
      ? { name: `${name}${['/', '\0', '.1', 'é'][random.integer(0, 4)]}`, data }
      : { name, data: mutate(Uint8Array.from(data), random) },
};
