import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';

interface Entry {
  readonly shape: readonly [number, number, number, number];
  readonly data_offsets: readonly [number, number];
}

/** Reads the float32 tensors of the fixture by name, as NHWC arrays with values kept on the host. */
export function readGolden(): (name: string) => tf.Tensor4D {
  const file = readFileSync(new URL('./fixtures/torchvision_ops.safetensors', import.meta.url));
  const headerLength = Number(file.readBigUInt64LE(0));
  const header: Record<string, Entry> = JSON.parse(file.toString('utf8', 8, 8 + headerLength));
  return (name) => {
    const entry = header[name];
    if (!entry) throw new Error(`no tensor ${name} in the fixture, only ${Object.keys(header).join(', ')}`);
    const [start, end] = entry.data_offsets;
    const bytes = Uint8Array.from(file.subarray(8 + headerLength + start, 8 + headerLength + end));
    const values = new Float32Array(bytes.buffer);
    return tf.tidy(() => tf.transpose(tf.tensor4d(values, [...entry.shape]), [0, 2, 3, 1]));
  };
}
