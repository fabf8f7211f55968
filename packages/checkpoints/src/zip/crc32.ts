/**
 * CRC-32 as zip uses it (reflected, polynomial 0x04c11db7).
 *
 * @example
 * crc32(new TextEncoder().encode('123456789')); // => 0xcbf43926
 */
export function crc32(bytes: Uint8Array): number {
  const table = remainders();
  let crc = ~0;
  for (let i = 0; i < bytes.length; i++) {
    crc = (table[(crc ^ (bytes[i] as number)) & 0xff] as number) ^ (crc >>> 8);
  }
  return ~crc >>> 0;
}

let known: Uint32Array | undefined;

/** The remainder of each byte. */
function remainders(): Uint32Array {
  known ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
    return remainder;
  });
  return known;
}
