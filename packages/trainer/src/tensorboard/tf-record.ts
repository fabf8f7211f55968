import { maskedCrc32c } from './crc32c.ts';

/**
 * A record as TFRecord files hold it: its length (8 bytes, little-endian), the checksum of those, the data, the
 * checksum of the data. A reader stops at a record that is cut short.
 */
export function tfRecord(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(16 + data.length);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return bytes;
}
