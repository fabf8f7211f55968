/**
 * IEEE 754 binary16 bits to float32, exactly (subnormals, infinities and NaN included).
 *
 * @example
 * float16ToFloat32(Uint16Array.of(0x3c00, 0xc000)); // => Float32Array [1, -2]
 */
export function float16ToFloat32(bits: Uint16Array): Float32Array {
  return Float32Array.from(bits, (value) => {
    const sign = value & 0x8000 ? -1 : 1;
    const exponent = (value >> 10) & 0x1f;
    const fraction = value & 0x3ff;
    if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
}

/**
 * bfloat16 bits to float32, exactly: they are float32's upper half.
 *
 * @example
 * bfloat16ToFloat32(Uint16Array.of(0x3f80)); // => Float32Array [1]
 */
export function bfloat16ToFloat32(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (value) => value << 16).buffer);
}
