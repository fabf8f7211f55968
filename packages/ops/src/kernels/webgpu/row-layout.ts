import { sumBySubgroups } from './subgroups.ts';

/** Invocations of a workgroup that works on whole rows. */
export const rowWorkgroup = 256;

/** How workgroups cover a matrix `[rows, dim]` when each row is worked on by itself. */
export interface RowLayout {
  /** Elements are read four at a time. */
  readonly vector: boolean;
  /** Elements in a row. */
  readonly columns: number;
  /** Invocations on a row, a power of 2. */
  readonly lanes: number;
  readonly workgroups: number;
  readonly variant: string;
  /** WGSL that names `row`, `rowLane` and whether the row is `present`. */
  readonly place: string;
  /** WGSL that runs a statement for every element `at` of the row. */
  each(statement: string): string;
}

/** A subgroup's worth of invocations for a row, fewer for short ones. */
export function rowLayout(rows: number, dim: number): RowLayout {
  const vector = dim % 4 === 0;
  const columns = vector ? dim / 4 : dim;
  const lanes = Math.min(64, 2 ** Math.ceil(Math.log2(Math.max(1, columns))));
  return {
    vector,
    columns,
    lanes,
    workgroups: Math.ceil((rows * lanes) / rowWorkgroup),
    variant: `${lanes}`,
    place: `
      let row = index / ${lanes};
      let rowLane = lane % ${lanes};
      let present = row < uniforms.rows;`,
    each: (statement) => `
      if (present) {
        for (var column = rowLane; column < uniforms.columns; column += ${lanes}) {
          let at = row * uniforms.columns + column;
          ${statement}
        }
      }`,
  };
}

/** WGSL that adds up `value` of the lanes of each row: `total`. */
export function sumOverLanes(lanes: number): {
  /** Whether the program is one with `subgroups`. */
  readonly subgroups: boolean;
  readonly declarations: string;
  readonly reduce: string;
} {
  const bySubgroups = sumBySubgroups({
    apart: 1,
    count: lanes,
    element: 'f32',
    variables: { value: 'laneSums' },
  });
  const byHalves = `
      laneSums[lane] = value;
      workgroupBarrier();
      for (var half = ${lanes >> 1}; half > 0; half /= 2) {
        if (rowLane < half) { laneSums[lane] += laneSums[lane + half]; }
        workgroupBarrier();
      }
      let total = laneSums[lane - rowLane];`;
  return {
    subgroups: bySubgroups !== undefined,
    declarations: `
      var<workgroup> laneSums : array<f32, ${rowWorkgroup}>;
      ${bySubgroups?.declarations ?? ''}`,
    reduce: bySubgroups ? `${bySubgroups.reduce} let total = value;` : byHalves,
  };
}
