/**
 * `to` = values where `mask` > 0, else 0. In whole numbers and without a comparison: which elements of a mask are
 * positive is as good as random, and a wrongly predicted branch costs more than everything else here.
 */
export function keepWherePositive(values: Float32Array, mask: Float32Array, to: Float32Array): void {
  const bits = bitsOf(values);
  const maskBits = bitsOf(mask);
  const toBits = bitsOf(to);
  for (let i = 0; i < toBits.length; i++) {
    // A float is positive where its bits, as a whole number, are. −n & ~n is negative for those alone, not for ±0.
    const n = maskBits[i] as number;
    toBits[i] = (bits[i] as number) & ((-n & ~n) >> 31);
  }
}

export function bitsOf({ buffer, byteOffset, length }: Float32Array): Int32Array {
  return new Int32Array(buffer, byteOffset, length);
}
