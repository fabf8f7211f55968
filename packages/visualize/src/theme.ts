/** Light or dark surroundings. */
export type Theme = 'light' | 'dark';

/**
 * What a colour is for, and its value in light and in dark. Series colours are Okabe and Ito's, which
 * colour-blind readers tell apart, darkened where the ground is white.
 */
const palette = {
  ink: ['#1c2024', '#e8eaed'],
  muted: ['#5f6770', '#a2abb5'],
  line: ['#d5d9de', '#3a4149'],
  paper: ['#ffffff', '#15181c'],
  shade: ['#eef0f3', '#23282e'],
  'series-1': ['#0072b2', '#56b4e9'],
  'series-2': ['#d55e00', '#f0883e'],
  'series-3': ['#00805d', '#2bc59b'],
  'series-4': ['#a8497f', '#dd8fbb'],
  good: ['#00805d', '#2bc59b'],
  bad: ['#c23b22', '#ff8370'],
} as const satisfies Record<string, readonly [light: string, dark: string]>;

/** A role in the palette. */
export type ColorRole = keyof typeof palette;

/** A colour that follows the page's custom property where there is one, and is light elsewhere. */
export function color(role: ColorRole): string {
  return `var(--pixcon-${role}, ${palette[role][0]})`;
}

/** The declarations that turn every picture inside to `theme`, for a style sheet. */
export function themeDeclarations(theme: Theme): string {
  return Object.entries(palette)
    .map(([role, [light, dark]]) => `--pixcon-${role}:${theme === 'light' ? light : dark}`)
    .join(';');
}

/**
 * Fixes the colours of a picture of this package. Pictures follow the custom properties of the page
 * (`--pixcon-ink`, `--pixcon-series-1` …) and are light without them; programs other than browsers may not
 * understand custom properties, and a file has no page: fix the colours before saving one.
 *
 * @param svg as a `draw…` function returns it
 * @param theme the ground that the picture will lie on
 * @returns the same picture without custom properties
 *
 * @example
 * await writeFile('loss.svg', fixTheme(drawLoss(metrics), 'light'));
 */
export function fixTheme(svg: string, theme: Theme): string {
  return svg.replace(/var\(--pixcon-([a-z0-9-]+), (#[0-9a-f]+)\)/g, (_, role: string, fallback: string) => {
    const values = palette[role as ColorRole] as readonly [string, string] | undefined;
    if (values === undefined) return fallback;
    return theme === 'light' ? values[0] : values[1];
  });
}
