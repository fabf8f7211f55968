import { readFileSync } from 'node:fs';
import type { ViewGeometry } from '@pixcon/core';

/** The numbers of the authors' fixture, by name; every tensor in it has 4 bytes an element. */
export function readFixture(): (name: string) => { readonly shape: number[]; readonly data: number[] } {
  const bytes = new Uint8Array(readFileSync(new URL('./fixtures/authors.safetensors', import.meta.url)));
  const start = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, start)));
  return (name) => {
    const { dtype, shape, data_offsets: offsets } = header[name];
    const { buffer } = bytes.slice(start + offsets[0], start + offsets[1]);
    return { shape, data: [...(dtype === 'I32' ? new Int32Array(buffer) : new Float32Array(buffer))] };
  };
}

/** The geometry of view 0 or 1 of every image. */
export function readGeometry(read: ReturnType<typeof readFixture>, view: 0 | 1): ViewGeometry[] {
  const boxes = read('boxes').data;
  const flips = read('flips').data;
  return Array.from({ length: flips.length / 2 }, (_, image) => {
    const at = 2 * image + view;
    const [x0, y0, x1, y1] = boxes.slice(4 * at, 4 * at + 4) as [number, number, number, number];
    return { box: { x0, y0, x1, y1 }, flipped: flips[at] === 1 };
  });
}
