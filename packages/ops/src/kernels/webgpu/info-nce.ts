import * as tf from '@tensorflow/tfjs-core';
import type { InfoNceResult, InfoNceSettings, Kernels } from '../types.ts';
import type { WebgpuBackend } from './backend.ts';
import { dotProducts, dotTile, dotTileSize, dotWorkgroup } from './dot-products.ts';
import { mergeSlices, type Slices } from './info-nce-merge.ts';
import { runWebgpuProgram } from './run-program.ts';

/** Negatives whose values are in workgroup memory at once when they are averaged. */
const blockRows = 32;
/** Most values of a mean that an invocation's registers hold: a row is cut into parts of so many. */
const mostPart = 256;
const workgroupBytes = 16 * (dotTileSize + blockRows * 16 + dotWorkgroup);

/**
 * InfoNCE in two dispatches. A workgroup keeps the running softmax of 64 queries over a slice of the negatives, whose
 * logits it never writes down (Dao et al. 2022, FlashAttention, with the negatives as keys and as values); the second
 * dispatch merges the slices and ends with losses and gradients.
 */
export const infoNce: NonNullable<Kernels['infoNce']> = (query, positive, negatives, settings) => {
  const { device } = tf.backend() as unknown as WebgpuBackend;
  if (device.limits.maxComputeWorkgroupStorageSize < workgroupBytes) return undefined;
  if (query.size === 0) return undefined;
  return tf.tidy(() => {
    const slices = summarize(query, negatives, settings);
    const { loss, queryGradient, positiveGradient } = mergeSlices(query, positive, slices, settings);
    // Undefined entries are not for tidy.
    return (queryGradient
      ? { loss, queryGradient, positiveGradient }
      : { loss }) as unknown as tf.TensorContainer;
  }) as unknown as InfoNceResult;
};

function summarize(query: tf.Tensor2D, negatives: tf.Tensor2D, settings: InfoNceSettings): Slices {
  const { temperature, withGradients } = settings;
  const [count, dim] = query.shape;
  const length = negatives.shape[0];
  const queryTiles = Math.ceil(count / dotTile);
  const tiles = Math.ceil(length / dotTile);
  // Enough workgroups for a large GPU; merging reads all slices.
  const wanted = Math.min(tiles, 128, Math.ceil(512 / queryTiles));
  const sliceLength = dotTile * Math.ceil(tiles / wanted);
  const slices = Math.ceil(length / sliceLength);
  const parts = withGradients ? Math.min(mostPart / 64, Math.ceil(dim / 64)) : 0;
  const fours = Array.from({ length: parts }, (_, part) => part);
  const vector = withGradients && dim % 4 === 0;
  const outputs = runWebgpuProgram<'maxima' | 'sums' | 'weighted'>({
    name: 'info nce summary',
    variant: `${parts} ${vector}`,
    inputs: {
      left: query,
      right: negatives,
      ...(vector && { rows: { tensor: negatives, vector } }),
    },
    outputs: {
      maxima: { shape: [slices, count] },
      sums: { shape: [slices, count] },
      ...((withGradients ? { weighted: { shape: [slices, count, dim] } } : {}) as {
        weighted: { shape: number[] };
      }),
    },
    integers: { dim, queries: count, length, sliceLength },
    floats: { inverseTemperature: 1 / temperature },
    workgroupSize: dotWorkgroup,
    workgroups: [queryTiles, slices, parts === 0 ? 1 : Math.ceil(dim / (64 * parts))],
    cost: {
      flops: 2 * (withGradients ? 2 : 1) * dim * queryTiles * dotTile * tiles * dotTile,
      necessaryFlops: 2 * (withGradients ? 2 : 1) * dim * count * length,
    },
    shader: () => ({
      declarations: `${dotProducts.declarations}
        var<workgroup> block : array<vec4<f32>, ${blockRows * 16}>;
        var<workgroup> ofInvocations : array<vec4<f32>, ${dotWorkgroup}>;
        ${parts > 0 ? fourValues(vector) : ''}`,
      body: `${dotProducts.place}
        let leftStart = workgroup.x * ${dotTile};
        let leftEnd = uniforms.queries;
        let sliceStart = workgroup.y * uniforms.sliceLength;
        let rightEnd = min(sliceStart + uniforms.sliceLength, uniforms.length);
        let partStart = workgroup.z * ${64 * parts};
        var maximum = vec4<f32>(-1e30);
        var sum = vec4<f32>();
        ${fours.map((p) => [0, 1, 2, 3].map((r) => `var mean${p}${r} = vec4<f32>();`).join(' ')).join('\n')}
        for (var rightStart = sliceStart; rightStart < rightEnd; rightStart += ${dotTile}) {
          ${dotProducts.multiply}
          ${[0, 1, 2, 3]
            .map(
              (c) => `
            products${c} = select(
              vec4<f32>(-1e30),
              products${c} * uniforms.inverseTemperature,
              rightStart + 4 * tx + ${c} < rightEnd,
            );`,
            )
            .join('')}
          ofInvocations[lane] = max(max(products0, products1), max(products2, products3));
          workgroupBarrier();
          var next = maximum;
          for (var i = 0; i < 16; i++) { next = max(next, ofInvocations[16 * ty + i]); }
          let decay = exp(maximum - next);
          maximum = next;
          ${[0, 1, 2, 3].map((c) => `products${c} = exp(products${c} - next);`).join(' ')}
          sum = sum * decay + ((products0 + products1) + (products2 + products3));
          ${parts > 0 ? average(fours) : ''}
        }
        workgroupBarrier();
        ofInvocations[lane] = sum;
        workgroupBarrier();
        let row = leftStart + 4 * ty;
        let slice = workgroup.y * uniforms.queries;
        if (tx == 0 && workgroup.z == 0) {
          for (var i = 1; i < 16; i++) { sum += ofInvocations[lane + i]; }
          for (var i = 0; i < 4; i++) {
            if (row + i < leftEnd) {
              maxima[slice + row + i] = maximum[i];
              sums[slice + row + i] = sum[i];
            }
          }
        }
        ${fours
          .flatMap((p) =>
            [0, 1, 2, 3].map(
              (r) => `
            if (row + ${r} < leftEnd) {
              for (var i = 0; i < 4; i++) {
                let column = partStart + ${64 * p} + 4 * tx + i;
                if (column < uniforms.dim) {
                  weighted[(slice + row + ${r}) * uniforms.dim + column] = mean${p}${r}[i];
                }
              }
            }`,
            ),
          )
          .join('')}`,
    }),
  });
  return { ...outputs, weighted: withGradients ? outputs.weighted : undefined };
}

/** Adds the negatives of the tile to the running mean; exponentials go through `tile`, negatives through `block`. */
function average(fours: readonly number[]): string {
  return `
    ${fours.flatMap((p) => [0, 1, 2, 3].map((r) => `mean${p}${r} *= decay[${r}];`)).join(' ')}
    ${[0, 1, 2, 3].map((c) => `tile[(4 * tx + ${c}) * 17 + ty] = products${c};`).join('\n')}
    for (var half = 0; half < ${dotTile}; half += ${blockRows}) {
      ${fours
        .map(
          (p) => `
      workgroupBarrier();
      for (var i = lane; i < ${blockRows * 16}; i += ${dotWorkgroup}) {
        block[i] = fourOf(rightStart + half + i / 16, rightEnd, partStart + ${64 * p} + 4 * (i % 16));
      }
      workgroupBarrier();
      for (var j = 0; j < ${blockRows}; j++) {
        let shares = tile[(half + j) * 17 + ty];
        let values = block[16 * j + tx];
        mean${p}0 += shares.x * values;
        mean${p}1 += shares.y * values;
        mean${p}2 += shares.z * values;
        mean${p}3 += shares.w * values;
      }`,
        )
        .join('')}
    }`;
}

/** Four values of a negative from a column on, 0 where there are none. */
function fourValues(vector: boolean): string {
  if (vector) {
    return `
      fn fourOf(row : i32, end : i32, column : i32) -> vec4<f32> {
        if (row >= end || column >= uniforms.dim) { return vec4<f32>(); }
        return rows[(row * uniforms.dim + column) / 4];
      }`;
  }
  return `
    fn oneOf(row : i32, column : i32) -> f32 {
      if (column >= uniforms.dim) { return 0.0; }
      return right[row * uniforms.dim + column];
    }
    fn fourOf(row : i32, end : i32, column : i32) -> vec4<f32> {
      if (row >= end) { return vec4<f32>(); }
      return vec4<f32>(oneOf(row, column), oneOf(row, column + 1), oneOf(row, column + 2), oneOf(row, column + 3));
    }`;
}
