import type { RandomStream } from '@pixcon/core';
import { drawColourPair } from './colours.ts';
import { valueNoise } from './noise.ts';

/** A pattern in [0, 1] over the picture, coordinates as fractions of its side. */
type Pattern = (x: number, y: number) => number;

/** Fills `pixels` (`[size × size × 3]`, in [0, 1]) with clouds, blurred bands, patches or slopes. */
export function paintBackground(pixels: Float32Array, size: number, random: RandomStream): void {
  const [first, second] = drawColourPair(random, 0.3);
  const pattern = drawPattern(random);
  const fine = valueNoise(random);
  const fineCells = random.uniform(18, 40);
  const fineWeight = random.uniform(0.05, 0.3);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const u = x / size;
      const v = y / size;
      const coarse = pattern(u, v) + fineWeight * (fine(u * fineCells, v * fineCells) - 0.5);
      const share = Math.min(1, Math.max(0, coarse));
      const at = (y * size + x) * 3;
      pixels[at] = first[0] + share * (second[0] - first[0]);
      pixels[at + 1] = first[1] + share * (second[1] - first[1]);
      pixels[at + 2] = first[2] + share * (second[2] - first[2]);
    }
  }
}

function drawPattern(random: RandomStream): Pattern {
  const noise = valueNoise(random);
  const cells = random.uniform(2, 7);
  const angle = random.uniform(0, 2 * Math.PI);
  const cosine = Math.cos(angle);
  const sine = Math.sin(angle);
  const along: Pattern = (x, y) => cosine * x + sine * y;
  const across: Pattern = (x, y) => cosine * y - sine * x;
  switch (random.integer(0, 4)) {
    case 0: // clouds
      return (x, y) =>
        0.6 * noise(x * cells, y * cells) +
        0.3 * noise(7 + 2 * x * cells, 3 + 2 * y * cells) +
        0.15 * noise(1 + 4 * x * cells, 9 + 4 * y * cells);
    case 1: // fibres
      return (x, y) => 0.2 + 0.6 * noise(64 + 1.2 * along(x, y) * cells, 64 + 8 * across(x, y) * cells);
    case 2: // patches with hard borders
      return (x, y) => 0.15 + 0.7 * Math.round(3 * noise(x * cells, y * cells)) * (1 / 3);
    default: // a slope
      return (x, y) => 0.5 + 0.5 * along(x - 0.5, y - 0.5) + 0.4 * (noise(x * cells, y * cells) - 0.5);
  }
}
