/** What a decoder of the browser gets, and how its result is to be turned. */
export interface PhotoBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** EXIF's, 1 to 8, which is left to do: 1 is as it is. */
  readonly orientation: number;
}

/**
 * Browsers take parts of PNG and WebP differently from libvips, which decodes photos under Node: they correct a PNG's
 * grey values by its gamma (gAMA, cHRM, cICP), and only some turn PNG and WebP by EXIF. Here such parts are taken out,
 * and the turn is told. A JPEG's EXIF all browsers know; other formats stay as they are.
 *
 * @see the PNG specification, third edition, section 11.3; the WebP container specification
 */
export function photoBytes(file: Uint8Array<ArrayBuffer>): PhotoBytes {
  if (text(file, 1, 3) === 'PNG') return plainPng(file);
  if (text(file, 0, 4) === 'RIFF' && text(file, 8, 4) === 'WEBP') return plainWebp(file);
  return { bytes: file, orientation: 1 };
}

/** Whether it is a JPEG of four colours, by its frame header (SOF); ITU-T T.81, B.1.1.3 and B.2.2. */
export function isCmykJpeg(file: Uint8Array): boolean {
  if (file[0] !== 0xff || file[1] !== 0xd8) return false;
  for (let at = 2; at + 10 <= file.length && file[at] === 0xff; ) {
    const marker = file[at + 1] as number;
    // 0xc4, 0xc8 and 0xcc are tables, between the sixteen kinds of frames.
    if (marker >= 0xc0 && marker <= 0xcf && marker % 4 !== 0) return file[at + 9] === 4;
    if (marker === 0xc0) return file[at + 9] === 4;
    if (marker === 0xda) return false;
    // Before a marker, there may be any number of these.
    at += marker === 0xff ? 1 : 2 + 256 * (file[at + 2] as number) + (file[at + 3] as number);
  }
  return false;
}

const colourOfPng = new Set(['gAMA', 'cHRM', 'cICP', 'sRGB', 'mDCV', 'cLLI']);

function plainPng(file: Uint8Array<ArrayBuffer>): PhotoBytes {
  const view = viewOf(file);
  const kept = [file.subarray(0, 8)];
  let orientation = 1;
  for (let at = 8; at + 12 <= file.length; ) {
    const name = text(file, at + 4, 4);
    const end = Math.min(file.length, at + 12 + view.getUint32(at));
    if (name === 'eXIf') orientation = orientationOf(file.subarray(at + 8, end - 4));
    else if (!colourOfPng.has(name)) kept.push(file.subarray(at, end));
    at = end;
  }
  return { bytes: joined(kept), orientation };
}

function plainWebp(file: Uint8Array<ArrayBuffer>): PhotoBytes {
  const view = viewOf(file);
  for (let at = 12; at + 8 <= file.length; ) {
    const length = view.getUint32(at + 4, true);
    if (text(file, at, 4) === 'EXIF') {
      const bytes = file.slice();
      // A chunk that no reader knows is passed over; nothing moves.
      bytes.set([0x65, 0x78, 0x69, 0x66], at);
      return { bytes, orientation: orientationOf(file.subarray(at + 8, at + 8 + length)) };
    }
    at += 8 + length + (length % 2);
  }
  return { bytes: file, orientation: 1 };
}

/** Of a TIFF header and its first directory; 1 where they say nothing valid. */
function orientationOf(exif: Uint8Array): number {
  // Some writers put JPEG's prefix before it.
  const tiff = text(exif, 0, 4) === 'Exif' ? exif.subarray(6) : exif;
  if (tiff.length < 14) return 1;
  const view = viewOf(tiff);
  const little = text(tiff, 0, 2) === 'II';
  if (!little && text(tiff, 0, 2) !== 'MM') return 1;
  const directory = view.getUint32(4, little);
  if (directory + 2 > tiff.length) return 1;
  const count = view.getUint16(directory, little);
  for (let entry = 0; entry < count; entry++) {
    const at = directory + 2 + 12 * entry;
    if (at + 12 > tiff.length) return 1;
    if (view.getUint16(at, little) !== 0x0112) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : 1;
  }
  return 1;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function text(bytes: Uint8Array, at: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(at, at + length));
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
