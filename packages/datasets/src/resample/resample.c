// Antialiased bilinear resize of interleaved 8-bit RGB. `npx tsx scripts/build-kernels.ts` compiles this file into
// resample-kernel.ts.
#include <wasm_simd128.h>

// Weights of one axis: new pixel i is the sum over t < counts[i] of weights[i * stride + t] * old[starts[i] + t].
typedef struct {
  const int *starts;
  const int *counts;
  const float *weights;
  int stride;
} Axis;

static v128_t weigh(v128_t sum, v128_t weight, v128_t values) {
  return wasm_f32x4_add(sum, wasm_f32x4_mul(weight, values));
}

// One new row from the old ones, as floats. Reads up to 15 bytes past the last row and writes up to 15 floats past
// the line.
static void mix_rows(const unsigned char *rows, int length, const float *weights, int count, float *line) {
  for (int i = 0; i < length; i += 16) {
    v128_t a = wasm_f32x4_splat(0), b = a, c = a, d = a;
    for (int tap = 0; tap < count; tap++) {
      v128_t weight = wasm_f32x4_splat(weights[tap]);
      v128_t bytes = wasm_v128_load(rows + (long)tap * length + i);
      v128_t low = wasm_u16x8_extend_low_u8x16(bytes), high = wasm_u16x8_extend_high_u8x16(bytes);
      a = weigh(a, weight, wasm_f32x4_convert_i32x4(wasm_u32x4_extend_low_u16x8(low)));
      b = weigh(b, weight, wasm_f32x4_convert_i32x4(wasm_u32x4_extend_high_u16x8(low)));
      c = weigh(c, weight, wasm_f32x4_convert_i32x4(wasm_u32x4_extend_low_u16x8(high)));
      d = weigh(d, weight, wasm_f32x4_convert_i32x4(wasm_u32x4_extend_high_u16x8(high)));
    }
    wasm_v128_store(line + i, a);
    wasm_v128_store(line + i + 4, b);
    wasm_v128_store(line + i + 8, c);
    wasm_v128_store(line + i + 12, d);
  }
}

// The pixels of a new row from those of a line, rounded to bytes. A pixel is read and written with one value too
// many: the next pixel overwrites it.
static void mix_columns(const float *line, Axis across, int size, unsigned char *result) {
  for (int x = 0; x < size; x++) {
    const float *pixel = line + 3 * across.starts[x];
    const float *weights = across.weights + x * across.stride;
    v128_t sum = wasm_f32x4_splat(0.5f);
    for (int tap = 0; tap < across.counts[x]; tap++) {
      sum = weigh(sum, wasm_f32x4_splat(weights[tap]), wasm_v128_load(pixel + 3 * tap));
    }
    v128_t whole = wasm_i32x4_trunc_sat_f32x4(sum);
    v128_t shorts = wasm_i16x8_narrow_i32x4(whole, whole);
    wasm_v128_store32_lane(result + 3 * x, wasm_u8x16_narrow_i16x8(shorts, shorts), 0);
  }
}

// `image` is [height, width, 3], `result` [size, size, 3]; the columns come in the order of `across`, which may
// mirror them. 16 bytes more than their own must be there behind `image`, `result` and `line` [3 * width].
__attribute__((export_name("resample"))) void resample(
    const unsigned char *image, int width, int size, unsigned char *result, float *line,
    const int *down_starts, const int *down_counts, const float *down_weights, int down_stride,
    const int *across_starts, const int *across_counts, const float *across_weights, int across_stride) {
  Axis across = {across_starts, across_counts, across_weights, across_stride};
  int length = 3 * width;
  for (int y = 0; y < size; y++) {
    const unsigned char *rows = image + (long)down_starts[y] * length;
    mix_rows(rows, length, down_weights + y * down_stride, down_counts[y], line);
    mix_columns(line, across, size, result + 3 * y * size);
  }
}
