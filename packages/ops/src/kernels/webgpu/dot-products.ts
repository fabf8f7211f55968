/** Rows of either side that a workgroup multiplies at once. */
export const dotTile = 64;
/** Invocations of a workgroup: 16 × 16, each with 4 × 4 products. */
export const dotWorkgroup = 256;
/** Elements of the workgroup array `tile`, of 16 bytes each. */
export const dotTileSize = 64 * 17;

const depth = 32;

/**
 * WGSL for the scalar products of 64 rows of `left` with 64 rows of `right`, `[…, dim]` both.
 *
 * Invocation `ty`, `tx` gets those of its four left rows with right row `4 tx + c` in the vector `products<c>`. Rows past
 * `leftEnd` and `rightEnd` count as 0. Afterwards `tile` may be written once a barrier has passed.
 */
export const dotProducts = {
  declarations: `
    // One more than 16 a row, so that invocations side by side use different banks.
    var<workgroup> tile : array<vec4<f32>, ${dotTileSize}>;
    fn leftFour(row : i32, end : i32, k : i32) -> vec4<f32> {
      var four = vec4<f32>();
      if (k < uniforms.dim) {
        let at = row * uniforms.dim + k;
        if (row < end) { four.x = left[at]; }
        if (row + 1 < end) { four.y = left[at + uniforms.dim]; }
        if (row + 2 < end) { four.z = left[at + 2 * uniforms.dim]; }
        if (row + 3 < end) { four.w = left[at + 3 * uniforms.dim]; }
      }
      return four;
    }
    fn rightFour(row : i32, end : i32, k : i32) -> vec4<f32> {
      var four = vec4<f32>();
      if (k < uniforms.dim) {
        let at = row * uniforms.dim + k;
        if (row < end) { four.x = right[at]; }
        if (row + 1 < end) { four.y = right[at + uniforms.dim]; }
        if (row + 2 < end) { four.z = right[at + 2 * uniforms.dim]; }
        if (row + 3 < end) { four.w = right[at + 3 * uniforms.dim]; }
      }
      return four;
    }`,

  place: `
    let tx = lane % 16;
    let ty = lane / 16;`,

  /** Needs `leftStart`, `leftEnd`, `rightStart` and `rightEnd`; to be reached by all invocations. */
  multiply: `
    var products0 = vec4<f32>();
    var products1 = vec4<f32>();
    var products2 = vec4<f32>();
    var products3 = vec4<f32>();
    for (var start = 0; start < uniforms.dim; start += ${depth}) {
      workgroupBarrier();
      for (var i = lane; i < ${depth * 16}; i += ${dotWorkgroup}) {
        let k = i % ${depth};
        let four = i / ${depth};
        tile[k * 17 + four] = leftFour(leftStart + 4 * four, leftEnd, start + k);
        tile[(${depth} + k) * 17 + four] = rightFour(rightStart + 4 * four, rightEnd, start + k);
      }
      workgroupBarrier();
      // Summed apart, so that rounding grows with the depth of a tile and the number of tiles, not with their product.
      var part0 = vec4<f32>();
      var part1 = vec4<f32>();
      var part2 = vec4<f32>();
      var part3 = vec4<f32>();
      for (var k = 0; k < ${depth}; k++) {
        let l = tile[k * 17 + ty];
        let r = tile[(${depth} + k) * 17 + tx];
        part0 += l * r.x;
        part1 += l * r.y;
        part2 += l * r.z;
        part3 += l * r.w;
      }
      products0 += part0;
      products1 += part1;
      products2 += part2;
      products3 += part3;
    }`,
} as const;
