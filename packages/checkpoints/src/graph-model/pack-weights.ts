import { concatenate } from '../concatenate.ts';

export interface Weight {
  readonly name: string;
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** tfjs's `weightsManifest`: one group of files that are one stream of bytes. */
export type WeightsManifest = readonly {
  readonly paths: readonly string[];
  readonly weights: readonly Omit<Weight, 'data'>[];
}[];

/** All weights in order, cut into files of `shardBytes`, whose names begin with `prefix`. */
export function packWeights(
  weights: readonly Weight[],
  shardBytes: number,
  prefix: string,
): { readonly shards: [string, Uint8Array][]; readonly manifest: WeightsManifest } {
  const stream = concatenate(
    weights.map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  );
  const count = Math.max(1, Math.ceil(stream.length / shardBytes));
  const shards = Array.from({ length: count }, (_, index): [string, Uint8Array] => [
    `${prefix}-shard${index + 1}of${count}.bin`,
    stream.slice(index * shardBytes, (index + 1) * shardBytes),
  ]);
  const entries = weights.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  return { shards, manifest: [{ paths: shards.map(([path]) => path), weights: entries }] };
}
