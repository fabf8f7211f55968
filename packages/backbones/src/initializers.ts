import type { RandomStream } from '@pixcon/core';

/** Kaiming normal for a ReLU, by fan-out, as torchvision's ResNet: σ = √(2 / (rows · columns · out)). */
export function kaimingNormal(
  shape: readonly [rows: number, columns: number, input: number, output: number],
): (random: RandomStream) => Float32Array {
  const [rows, columns, input, output] = shape;
  const deviation = Math.sqrt(2 / (rows * columns * output));
  return (random) =>
    Float32Array.from({ length: rows * columns * input * output }, () => random.normal(0, deviation));
}

export function filled(length: number, value: number): () => Float32Array {
  return () => new Float32Array(length).fill(value);
}
