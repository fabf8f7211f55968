import type { RandomStream } from '@pixcon/core';

/** Smooth noise in [0, 1], with one bump per unit. */
export type Noise = (x: number, y: number) => number;

const side = 32;

/** Value noise on a lattice of random numbers that repeats after 32 units. */
export function valueNoise(random: RandomStream): Noise {
  const lattice = Float32Array.from({ length: side * side }, () => random.nextUint32() / 4_294_967_295);
  const at = (column: number, row: number) =>
    lattice[(row & (side - 1)) * side + (column & (side - 1))] as number;
  return (x, y) => {
    const column = Math.floor(x);
    const row = Math.floor(y);
    const across = smooth(x - column);
    const down = smooth(y - row);
    const top = at(column, row) + across * (at(column + 1, row) - at(column, row));
    const bottom = at(column, row + 1) + across * (at(column + 1, row + 1) - at(column, row + 1));
    return top + down * (bottom - top);
  };
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}
