import { sumBySubgroups } from './subgroups.ts';

/** How a workgroup covers a matrix `[rows, channels]` whose rows are contiguous: some channels of many rows. */
export interface ChannelLayout {
  /** Channels are read four at a time. */
  readonly vector: boolean;
  /** WGSL type of one element. */
  readonly element: 'f32' | 'vec4<f32>';
  /** Elements in a row. */
  readonly columns: number;
  /** Elements of a row that a workgroup covers, a power of 2. */
  readonly lanes: number;
  /** Rows that it reads at once. */
  readonly rowLanes: number;
  /** Workgroups along a row. */
  readonly groups: number;
  /** Distinguishes the shaders of layouts. */
  readonly variant: string;
}

/** Invocations of a workgroup that reduces over rows. */
export const channelWorkgroup = 256;

/** Thirty-two channels fill a cache line; fewer where there are fewer. */
export function channelLayout(channels: number): ChannelLayout {
  const vector = channels % 4 === 0;
  const columns = vector ? channels / 4 : channels;
  const lanes = Math.min(vector ? 8 : 32, 2 ** Math.ceil(Math.log2(Math.max(1, columns))));
  return {
    vector,
    element: vector ? 'vec4<f32>' : 'f32',
    columns,
    lanes,
    rowLanes: channelWorkgroup / lanes,
    groups: Math.ceil(columns / lanes),
    variant: `${lanes}`,
  };
}

/** Rows in runs of equal length (the last may be shorter), one a workgroup. */
export interface RowSlices {
  readonly count: number;
  readonly rows: number;
}

/**
 * As many slices as keep a large GPU busy, but few enough that every workgroup of the next kernel can add up their
 * results by itself.
 */
export function rowSlices(rows: number, { groups, rowLanes }: ChannelLayout): RowSlices {
  const wanted = Math.min(128, Math.ceil(256 / groups));
  const each = Math.max(2 * rowLanes, Math.ceil(rows / wanted));
  return { count: Math.max(1, Math.ceil(rows / each)), rows: each };
}

/** Slices for a kernel that first adds up `partials` results: long enough that this does not show. */
export function applySlices(rows: number, { groups, rowLanes }: ChannelLayout, partials: number): RowSlices {
  const each = Math.max(
    2 * rowLanes,
    8 * partials,
    Math.ceil((rows * groups) / 2048),
    Math.ceil(rows / 65_535),
  );
  return { count: Math.max(1, Math.ceil(rows / each)), rows: each };
}

/**
 * WGSL that names this invocation's `column` and `rowLane`, and two workgroup arrays to sum over rows in. Sums go by
 * subgroups where one has several row lanes, else by halves, so that their rounding grows with the logarithm of the
 * count.
 */
export function sumOverRows({ element, lanes, rowLanes }: ChannelLayout): {
  /** Whether the program is one with `subgroups`. */
  readonly subgroups: boolean;
  readonly declarations: string;
  readonly place: string;
  /** Adds up `first` and `second` of all row lanes; afterwards both are the sums of their channels. */
  readonly reduce: string;
  /**
   * Names a value near the mean of the channel of `x`, `origin`: a mean of samples. Sums of what lies away from it lose
   * no digits where the mean is large.
   */
  readonly origin: string;
  /** WGSL of 1 / √(a value), to the last digit, which the function of WGSL is not. */
  inverseRoot(name: string, value: string): string;
} {
  const bySubgroups = sumBySubgroups({
    apart: lanes,
    count: rowLanes,
    element,
    variables: { first: 'firsts', second: 'seconds' },
  });
  const byHalves = `
      firsts[lane] = first;
      seconds[lane] = second;
      workgroupBarrier();
      for (var half = ${rowLanes / 2}; half > 0; half /= 2) {
        if (rowLane < half) {
          firsts[lane] += firsts[lane + half * ${lanes}];
          seconds[lane] += seconds[lane + half * ${lanes}];
        }
        workgroupBarrier();
      }
      first = firsts[lane % ${lanes}];
      second = seconds[lane % ${lanes}];`;
  const reduce = bySubgroups?.reduce ?? byHalves;
  return {
    subgroups: bySubgroups !== undefined,
    reduce,
    origin: `
      if (present) {
        let sample = select(uniforms.rows / ${rowLanes} * rowLane, rowLane % uniforms.rows, uniforms.rows < ${rowLanes});
        first = x[sample * uniforms.columns + column];
      }
      ${reduce}
      let origin = first / ${rowLanes}.0;
      workgroupBarrier();
      first = ${element}();`,
    inverseRoot: (name, value) => `
      let rough = inverseSqrt(${value});
      let ${name} = rough + 0.5 * rough * (1.0 - (${value}) * rough * rough);`,
    declarations: `
      var<workgroup> firsts : array<${element}, ${channelWorkgroup}>;
      var<workgroup> seconds : array<${element}, ${channelWorkgroup}>;
      ${bySubgroups?.declarations ?? ''}`,
    place: `
      let column = workgroup.x * ${lanes} + lane % ${lanes};
      let rowLane = lane / ${lanes};
      let present = column < uniforms.columns;
      var first = ${element}();
      var second = ${element}();`,
  };
}
