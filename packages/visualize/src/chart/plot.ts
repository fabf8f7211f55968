import * as Plot from '@observablehq/plot';
import { platform } from '#platform';
import { escapeText } from '../markup.ts';
import { color } from '../theme.ts';

/** Size of a chart in pixels. */
export interface ChartOptions {
  /** Default 380. */
  readonly width?: number;
  /** Default: what suits the chart. */
  readonly height?: number;
}

/** A chart of Observable Plot as an SVG document with a name. */
export function plot(
  name: string,
  options: Plot.PlotOptions & { readonly width: number; readonly height: number },
): string {
  const document = platform.createDocument() as NonNullable<Plot.PlotOptions['document']>;
  const chart = Plot.plot({ ...options, document, figure: false, className: 'pixcon-chart' }) as {
    readonly outerHTML: string;
  };
  return tidy(chart.outerHTML, name, options);
}

/**
 * Fewer digits, no style sheet (it is for Plot's pages), a name instead of Plot's own labels, which repeat what
 * the text says.
 */
function tidy(
  html: string,
  name: string,
  { width, height }: { readonly width: number; readonly height: number },
): string {
  const body = html
    .replace(/<style>[\s\S]*?<\/style>/, '')
    .replace(/^<svg[^>]*>/, '')
    .replace(/<[^>]*>/g, (tag) =>
      tag
        .replace(/ aria-(?:label|hidden)="[^"]*"/g, '')
        .replace(/-?\d+\.\d{3,}/g, (digits) => String(Math.round(Number(digits) * 100) / 100)),
    )
    .replaceAll('currentColor', color('ink'));
  const root = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeText(name)}" font-family="system-ui, sans-serif" font-size="11" text-anchor="middle" fill="${color('ink')}">`;
  return root + body;
}

/** 1,234,567 for whole numbers; three significant digits below. */
export function formatNumber(value: number): string {
  if (value === 0) return '0';
  const magnitude = Math.abs(value);
  if (magnitude >= 1000) return Math.round(value).toLocaleString('en');
  if (magnitude < 1e-3)
    return value.toExponential(1).replace('.0e', 'e').replace('e-', '·10⁻').replace(/\d+$/, superscript);
  return String(Number(value.toPrecision(3)));
}

/** 0.1234 as 12.3 %. */
export function formatPercent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : 'unknown';
}

function superscript(digits: string): string {
  return digits.replace(/\d/g, (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)] as string);
}
