import type { MatrixUnit } from './matrix-units.ts';
import { four } from './operand.ts';
import { invocationsOf, type Tile, type TileMultiplier, tileDepth } from './tile-shader.ts';

/** Halves after each row of a tile, so that rows begin in different banks. */
const gap = 8;

/**
 * Multiplies by the matrix units of the hardware: tiles are rounded to halves, each subgroup has a rectangle of result
 * matrices, added up in float32, which go out through workgroup memory. Both tiles lie by rows, `[line][depth]` of the
 * left one and `[depth][line]` of the right one.
 */
export function matrixMultiplier(tile: Tile, unit: MatrixUnit): TileMultiplier {
  const { size } = tile;
  const { rows, columns, depth, subgroup } = unit;
  const subgroups = invocationsOf(tile) / subgroup;
  const share = ((size / rows) * (size / columns)) / subgroups;
  const down = Math.max(
    Math.min(size / rows, 2 ** Math.ceil(Math.log2(share) / 2)),
    share / (size / columns),
  );
  const across = share / down;
  const perRow = size / columns / across;
  const range = (count: number) => Array.from({ length: count }, (_, i) => i);
  const strideA = tileDepth + gap;
  const strideB = size + gap;
  const result = `subgroup_matrix_result<f32, ${columns}, ${rows}>`;
  const each = (text: (i: number, j: number) => string) =>
    range(down).flatMap((i) => range(across).map((j) => text(i, j)));
  const fours = columns / 4;
  return {
    declarations: `
var<workgroup> tileA : array<f16, ${size * strideA}>;
var<workgroup> tileB : array<f16, ${tileDepth * strideB}>;
var<workgroup> results : array<f32, ${subgroups * rows * columns}>;`,
    put: (side) =>
      four
        .flatMap((q) =>
          four.map((i) => {
            const at =
              side === 'A'
                ? `(line + ${i}) * ${strideA} + depth + ${q}`
                : `(depth + ${q}) * ${strideB} + line + ${i}`;
            return `tile${side}[${at}] = f16(block[${q}][${i}]);`;
          }),
        )
        .join(' '),
    begin: `
  let ofSubgroup = i32(subgroupOfWorkgroup);
  let rowOfSubgroup = ofSubgroup / ${perRow} * ${down * rows};
  let columnOfSubgroup = ofSubgroup % ${perRow} * ${across * columns};
  ${each((i, j) => `var sum${i}_${j} = ${result}();`).join('\n  ')}`,
    multiply: range(tileDepth / depth)
      .map(
        (step) => `{
      ${range(down)
        .map(
          (i) =>
            `let left${i} = subgroupMatrixLoad<subgroup_matrix_left<f16, ${depth}, ${rows}>, row_major>(` +
            `&tileA, u32((rowOfSubgroup + ${i * rows}) * ${strideA} + ${step * depth}), ${strideA});`,
        )
        .join('\n      ')}
      ${range(across)
        .map(
          (j) =>
            `let right${j} = subgroupMatrixLoad<subgroup_matrix_right<f16, ${columns}, ${depth}>, row_major>(` +
            `&tileB, u32(${step * depth * strideB} + columnOfSubgroup + ${j * columns}), ${strideB});`,
        )
        .join('\n      ')}
      ${each((i, j) => `sum${i}_${j} = subgroupMatrixMultiplyAccumulate(left${i}, right${j}, sum${i}_${j});`).join('\n      ')}
    }`,
      )
      .join('\n    '),
    end: `
  let firstResult = ofSubgroup * ${rows * columns};
  ${each(
    (i, j) => `
  subgroupMatrixStore<row_major>(&results, u32(firstResult), sum${i}_${j}, ${columns});
  workgroupBarrier();
  for (var part = i32(laneOfSubgroup); part < ${rows * fours}; part += ${subgroup}) {
    let at = firstResult + 4 * part;
    store(
      firstRow + rowOfSubgroup + ${i * rows} + part / ${fours},
      firstColumn + columnOfSubgroup + ${j * columns} + part % ${fours} * 4,
      phase, split, vec4<f32>(results[at], results[at + 1], results[at + 2], results[at + 3]),
    );
  }
  workgroupBarrier();`,
  ).join('')}`,
  };
}
