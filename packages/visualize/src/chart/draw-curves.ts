import * as Plot from '@observablehq/plot';
import type { ReportMetrics } from '../report-data.ts';
import { type ColorRole, color } from '../theme.ts';
import { type ChartOptions, formatNumber, plot } from './plot.ts';
import { type Point, reducePoints, smoothPoints } from './reduce-series.ts';

/** A line of a chart over the steps of a run. */
export interface Curve {
  readonly label: string;
  readonly role: ColorRole;
  readonly points: readonly Point[];
  /** Dashed: a reference, not a measurement. */
  readonly reference?: boolean;
}

export interface CurvesOptions extends ChartOptions {
  /** Names the picture for those who cannot see it. */
  readonly name: string;
  /** Above the vertical axis. */
  readonly label: string;
  /** Values that the vertical axis shows in any case. */
  readonly include?: readonly number[];
  /** Draws each point faintly, and a moving mean over it. Default false. */
  readonly smooth?: boolean;
  /** Values with a meaning: a line across, and its name. */
  readonly marks?: readonly { readonly y: number; readonly label: string }[];
  /** A stretch of steps to shade, with its name. */
  readonly phase?: { readonly from: number; readonly to: number; readonly label: string } | undefined;
  /** Names each line at its end, for charts of several. Default: with several. */
  readonly names?: boolean;
}

/** Points that a line of a chart has at most; more than pixels across. */
const pointLimit = 1000;

/** The finite values of a scalar by step. */
export function curvePoints(metrics: readonly ReportMetrics[], scalar: string): Point[] {
  return metrics.flatMap(({ step, [scalar]: y }) =>
    typeof y === 'number' && Number.isFinite(y) && Number.isFinite(step) ? [{ x: step, y }] : [],
  );
}

/** Lines over steps. */
export function drawCurves(curves: readonly Curve[], options: CurvesOptions): string {
  const { name, label, smooth = false, marks = [], phase, width = 380, height = 200 } = options;
  const { names = curves.length > 1 } = options;
  const drawn = curves.map((curve) => prepare(curve, smooth && !curve.reference));
  const values = drawn.flatMap(({ raw }) => raw.map(({ y }) => y));
  const steps = drawn.flatMap(({ raw }) => raw.map(({ x }) => x));
  const [bottom, top] = span([...values, ...(options.include ?? []), ...marks.map(({ y }) => y)]);
  const lastStep = Math.max(1, largest(steps));
  const [marginTop, marginBottom, marginLeft] = [26, 34, 52];
  const labels = names ? endLabels(drawn, { bottom, top, pixels: height - marginTop - marginBottom }) : [];
  const longest = Math.max(0, ...labels.map(({ text }) => text.length));
  return plot(name, {
    width,
    height,
    marginTop,
    marginBottom,
    marginLeft,
    marginRight: names ? Math.min(0.4 * width, longest * 6.2 + 12) : 24,
    x: {
      domain: [0, lastStep],
      label: 'step',
      labelAnchor: 'center',
      labelArrow: 'none',
      ticks: Math.max(2, Math.round(width / 90)),
      // Steps are whole.
      tickFormat: (step: number) => (Number.isInteger(step) ? formatStep(step) : ''),
    },
    y: {
      domain: [bottom, top],
      label,
      labelArrow: 'none',
      ticks: Math.max(3, Math.round(height / 45)),
      tickFormat: tickFormat(bottom, top),
    },
    marks: [
      ...(phase ? shade(phase, lastStep, top) : []),
      Plot.gridY({ stroke: color('line'), strokeOpacity: 1, ticks: Math.max(3, Math.round(height / 45)) }),
      ...marks.flatMap(({ y, label: text }) => [
        Plot.ruleY([y], { stroke: color('muted'), strokeDasharray: '2 3' }),
        Plot.text([{ x: lastStep, y }], {
          x: 'x',
          y: 'y',
          text: () => text,
          textAnchor: 'end',
          dy: -6,
          fill: color('muted'),
        }),
      ]),
      ...drawn.flatMap(({ raw, line, curve }) => lines(raw, line, curve)),
      ...labels.map(({ y, text, role }) =>
        Plot.text([{ x: lastStep, y }], {
          x: 'x',
          y: 'y',
          text: () => text,
          textAnchor: 'start',
          dx: 6,
          fill: color(role),
        }),
      ),
    ],
  });
}

interface Drawn {
  readonly curve: Curve;
  /** As measured. */
  readonly raw: readonly Point[];
  /** What the eye follows. */
  readonly line: readonly Point[];
}

function prepare(curve: Curve, smooth: boolean): Drawn {
  const raw = reducePoints(curve.points, pointLimit);
  if (!smooth || curve.points.length < 20) return { curve, raw, line: raw };
  const reach = Math.max(1, Math.round(curve.points.length / 80));
  return { curve, raw, line: reducePoints(smoothPoints(curve.points, reach), pointLimit) };
}

function lines(raw: readonly Point[], line: readonly Point[], { role, reference }: Curve): Plot.Markish[] {
  const stroke = color(role);
  const xy = { x: 'x', y: 'y', stroke } as const;
  if (line.length === 1) return [Plot.dot(line, { x: 'x', y: 'y', fill: stroke, r: 3 })];
  const over = Plot.line(line, {
    ...xy,
    strokeWidth: reference ? 1.25 : 1.75,
    ...(reference ? { strokeDasharray: '5 3' } : {}),
  });
  return line === raw ? [over] : [Plot.line(raw, { ...xy, strokeWidth: 0.75, strokeOpacity: 0.35 }), over];
}

function shade(
  { from, to, label }: { readonly from: number; readonly to: number; readonly label: string },
  lastStep: number,
  top: number,
): Plot.Markish[] {
  const end = Math.min(to, lastStep);
  if (end <= from) return [];
  return [
    Plot.rectX([{ from, end }], { x1: 'from', x2: 'end', fill: color('shade') }),
    Plot.text([{ x: from, y: top }], {
      x: 'x',
      y: 'y',
      text: () => label,
      textAnchor: 'start',
      dx: 2,
      // Above the frame: no curve is there.
      dy: -8,
      fill: color('muted'),
    }),
  ];
}

/** The last value of each line at its height, moved apart where they would overlap. */
function endLabels(
  drawn: readonly Drawn[],
  { bottom, top, pixels }: { readonly bottom: number; readonly top: number; readonly pixels: number },
): { readonly y: number; readonly text: string; readonly role: ColorRole }[] {
  const apart = (14 * (top - bottom)) / pixels;
  const labels = drawn
    .flatMap(({ line, curve }) => {
      const last = line.at(-1);
      return last ? [{ y: last.y, text: `${curve.label} ${formatNumber(last.y)}`, role: curve.role }] : [];
    })
    .sort((a, b) => a.y - b.y);
  for (let at = 1; at < labels.length; at++) {
    const [below, label] = [labels[at - 1], labels[at]];
    if (below && label) label.y = Math.max(label.y, below.y + apart);
  }
  // Pushed out at the top: back down.
  for (let at = labels.length - 1, limit = top; at >= 0; at--, limit -= apart) {
    const label = labels[at];
    if (label) label.y = Math.min(label.y, limit);
  }
  return labels;
}

/** From the smallest to the largest with a little air, and never empty. Air does not cross 0. */
function span(values: readonly number[]): [bottom: number, top: number] {
  if (values.length === 0) return [0, 1];
  const [low, high] = [smallest(values), largest(values)];
  if (low === high) {
    const air = low === 0 ? 1 : Math.abs(low) * 0.1;
    return [low >= 0 ? Math.max(0, low - air) : low - air, high + air];
  }
  const air = (high - low) * 0.06;
  return [low >= 0 ? Math.max(0, low - air) : low - air, high <= 0 ? Math.min(0, high + air) : high + air];
}

/** `Math.min(...values)` has too many arguments for a long run. */
function smallest(values: readonly number[]): number {
  return values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
}

function largest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
}

/** As many decimals as tell the ticks of this axis apart. */
function tickFormat(bottom: number, top: number): (value: number) => string {
  const range = top - bottom;
  if (Math.max(Math.abs(bottom), Math.abs(top)) < 1e-2) return formatNumber;
  const decimals = Math.min(8, Math.max(0, Math.ceil(-Math.log10(range / 4))));
  return (value) => (Math.abs(value) >= 1000 ? formatNumber(value) : value.toFixed(decimals));
}

function formatStep(step: number): string {
  return step >= 10_000 ? `${Number((step / 1000).toPrecision(4))}k` : step.toLocaleString('en');
}
