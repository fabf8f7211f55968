import type { RandomStream } from '@pixcon/core';

/** Kaiming normal for a ReLU, by fan-out, as torchvision's ResNet: σ = √(2 / (rows · columns · out)). */
export function kaimingNormal(
  shape: readonly [rows: number, columns: number, input: number, output: number],
): (random: RandomStream) => number {
  const [rows, columns, , output] = shape;
  const deviation = Math.sqrt(2 / (rows * columns * output));
  return (random) => random.normal(0, deviation);
}
