import type { RandomStream } from '@pixcon/core';

/** Red, green and blue in [0, 1]. */
export type Colour = readonly [number, number, number];

/**
 * Two colours at least `distance` apart. Objects of all classes and backgrounds draw from the same colours, so
 * that a colour does not tell a class.
 */
export function drawColourPair(random: RandomStream, distance: number): [Colour, Colour] {
  const first = drawColour(random);
  for (;;) {
    const second = drawColour(random);
    const [red, green, blue] = first.map((value, channel) => value - (second[channel] as number)) as [
      number,
      number,
      number,
    ];
    if (Math.hypot(red, green, blue) >= distance) return [first, second];
  }
}

function drawColour(random: RandomStream): Colour {
  const hue = random.uniform(0, 6);
  const chroma = random.uniform(0.1, 0.95);
  const value = random.uniform(0.3, 1);
  const channel = (offset: number) => {
    const k = (offset + hue) % 6;
    return value * (1 - chroma * Math.max(0, Math.min(k, 4 - k, 1)));
  };
  return [channel(5), channel(3), channel(1)];
}
