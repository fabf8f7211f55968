import * as Plot from '@observablehq/plot';

/** Steps of the scale: enough to look smooth, few enough for small pictures. */
export const colorLevels = 32;

/**
 * Colours of the scale from 0 to 1: viridis, which is perceptually uniform, survives colour blindness and grey
 * printing, and is bright where the value is high, so that strong matches stand out on a photo.
 */
export function weightColors(): string[] {
  const scale = Plot.scale({ color: { type: 'linear', scheme: 'viridis', domain: [0, 1] } });
  return Array.from({ length: colorLevels }, (_, level) =>
    toHex(scale.apply(level / (colorLevels - 1)) as string),
  );
}

/** The level of a value in [0, 1]; what lies outside, and NaN, counts as the nearest end. */
export function colorLevel(value: number): number {
  return Math.round(Math.min(1, Math.max(0, value || 0)) * (colorLevels - 1));
}

function toHex(rgb: string): string {
  const channels = rgb.match(/\d+/g) ?? [];
  if (rgb.startsWith('#')) return rgb;
  return `#${channels.map((channel) => Number(channel).toString(16).padStart(2, '0')).join('')}`;
}
