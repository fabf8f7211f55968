import { readFileSync } from 'node:fs';

export interface FixtureTensor {
  readonly shape: number[];
  readonly data: Float32Array;
}

/** The float32 tensors and the metadata of a fixture. */
export function readFixture(name: string): {
  tensors: Map<string, FixtureTensor>;
  metadata: Record<string, string>;
} {
  const bytes = new Uint8Array(readFileSync(new URL(`./fixtures/${name}.safetensors`, import.meta.url)));
  const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const { __metadata__: metadata, ...header } = JSON.parse(
    new TextDecoder().decode(bytes.subarray(8, start)),
  );
  const entries = header as Record<string, { shape: number[]; data_offsets: [number, number] }>;
  const tensors = new Map<string, FixtureTensor>();
  for (const [key, { shape, data_offsets: offsets }] of Object.entries(entries)) {
    const data = new Float32Array(bytes.slice(start + offsets[0], start + offsets[1]).buffer);
    tensors.set(key, { shape, data });
  }
  return { tensors, metadata };
}
