import type { RandomStream } from '@pixcon/core';
import { valueNoise } from './noise.ts';

export type TextureName = 'stripes' | 'checks' | 'dots' | 'rings' | 'waves' | 'grain' | 'gradient' | 'bricks';

/** How much of the second colour a point gets, 0 to 1. Coordinates in pixels from the object's centre. */
export type Texture = (x: number, y: number) => number;

/**
 * @param period of the pattern in pixels
 * @param radius of the object in pixels
 */
export function makeTexture(
  name: TextureName,
  period: number,
  radius: number,
  random: RandomStream,
): Texture {
  const phaseX = random.uniform();
  const phaseY = random.uniform();
  switch (name) {
    case 'stripes':
      return (x) => wave(x / period + phaseX);
    case 'checks':
      return (x, y) => {
        const product = sharp(x / (1.5 * period) + phaseX) * sharp(y / (1.5 * period) + phaseY);
        return 0.5 + 0.5 * product;
      };
    case 'dots':
      return (x, y) => {
        const row = Math.round(y / period + phaseY);
        const column = x / period + phaseX + (row & 1) / 2;
        const distance = Math.hypot(column - Math.round(column), y / period + phaseY - row) * period;
        return clamp(0.5 + (0.31 * period - distance));
      };
    case 'rings':
      return (x, y) => wave(Math.hypot(x, y) / period + phaseX);
    case 'waves':
      return (x, y) => wave(y / period + phaseY + 0.45 * Math.sin((2 * Math.PI * x) / (2.4 * period)));
    case 'grain': {
      const noise = valueNoise(random);
      const cell = period / 3.2;
      return (x, y) => clamp(0.5 + 3.5 * (noise(x / cell + 64, y / cell + 64) - 0.5));
    }
    case 'gradient':
      return (x) => clamp(0.5 + (0.55 * x) / radius);
    case 'bricks': {
      const height = 0.85 * period;
      return (x, y) => {
        const row = Math.floor(y / height + phaseY);
        const down = (y / height + phaseY - row) * height;
        const across = frac(x / (2 * height) + phaseX + (row & 1) / 2) * 2 * height;
        const joint = Math.min(down, height - down, across, 2 * height - across);
        return clamp(joint - 0.35);
      };
    }
  }
}

/** A square wave with soft edges, one period per unit, 0 to 1. */
function wave(turns: number): number {
  return 0.5 + 0.5 * sharp(turns);
}

/** The same from −1 to 1. */
function sharp(turns: number): number {
  return Math.min(1, Math.max(-1, 2.4 * Math.sin(2 * Math.PI * turns)));
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

function frac(value: number): number {
  return value - Math.floor(value);
}
