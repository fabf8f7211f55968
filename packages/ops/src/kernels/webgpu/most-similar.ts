import * as tf from '@tensorflow/tfjs-core';
import { referenceKernels } from '../reference/reference-kernels.ts';
import type { Kernels } from '../types.ts';
import type { WebgpuBackend } from './backend.ts';
import { dotProducts, dotTile, dotTileSize, dotWorkgroup } from './dot-products.ts';
import { runWebgpuProgram } from './run-program.ts';
import { webgpuUnitRows } from './unit-rows.ts';

const workgroupBytes = 16 * (dotTileSize + 2 * dotWorkgroup);

/** The largest cosine of every query and where it is; the matrix of all cosines stays in workgroups. */
export const mostSimilar: Kernels['mostSimilar'] = (query, key) => {
  const { device } = tf.backend() as unknown as WebgpuBackend;
  if (device.limits.maxComputeWorkgroupStorageSize < workgroupBytes)
    return referenceKernels.mostSimilar(query, key);
  const [batch, queries, dim] = query.shape;
  const keys = key.shape[1];
  const [left, right] = [unit(query), unit(key)];
  const { best, similarity } = runWebgpuProgram({
    name: 'most similar cell',
    inputs: { left, right },
    outputs: {
      best: { shape: [batch, queries], dtype: 'int32' },
      similarity: { shape: [batch, queries] },
    },
    integers: { dim, queries, keys },
    workgroupSize: dotWorkgroup,
    workgroups: [Math.ceil(queries / dotTile), batch, 1],
    cost: {
      flops: 2 * batch * dim * roundUp(queries) * roundUp(keys),
      necessaryFlops: 2 * batch * dim * queries * keys,
    },
    shader: () => ({
      declarations: `${dotProducts.declarations}
        var<workgroup> values : array<vec4<f32>, ${dotWorkgroup}>;
        var<workgroup> places : array<vec4<i32>, ${dotWorkgroup}>;`,
      body: `${dotProducts.place}
        let leftStart = workgroup.y * uniforms.queries + workgroup.x * ${dotTile};
        let leftEnd = (workgroup.y + 1) * uniforms.queries;
        let firstKey = workgroup.y * uniforms.keys;
        let rightEnd = firstKey + uniforms.keys;
        var largest = vec4<f32>(-2.0);
        var place = vec4<i32>();
        for (var rightStart = firstKey; rightStart < rightEnd; rightStart += ${dotTile}) {
          ${dotProducts.multiply}
          ${[0, 1, 2, 3]
            .map(
              (c) => `{
            let key = rightStart + 4 * tx + ${c};
            // Only if larger: of equals the first one stays.
            let larger = (products${c} > largest) & vec4<bool>(key < rightEnd);
            largest = select(largest, products${c}, larger);
            place = select(place, vec4<i32>(key - firstKey), larger);
          }`,
            )
            .join('\n')}
        }
        values[lane] = largest;
        places[lane] = place;
        workgroupBarrier();
        if (tx == 0) {
          for (var i = 1; i < 16; i++) {
            let other = values[lane + i];
            let otherPlace = places[lane + i];
            let better = (other > largest) | ((other == largest) & (otherPlace < place));
            largest = select(largest, other, better);
            place = select(place, otherPlace, better);
          }
          for (var i = 0; i < 4; i++) {
            let row = leftStart + 4 * ty + i;
            if (row < leftEnd) {
              best[row] = place[i];
              similarity[row] = largest[i];
            }
          }
        }`,
    }),
  });
  tf.dispose([left, right]);
  return { index: best as tf.Tensor2D, similarity: similarity as tf.Tensor2D };
};

function unit(cells: tf.Tensor3D): tf.Tensor2D {
  return tf.tidy(() => {
    const [batch, count, dim] = cells.shape;
    return webgpuUnitRows.unitRows(tf.reshape<tf.Rank.R2>(cells, [batch * count, dim]), 1e-12).y;
  });
}

function roundUp(count: number): number {
  return dotTile * Math.ceil(count / dotTile);
}
