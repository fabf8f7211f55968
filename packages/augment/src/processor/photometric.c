// Colour operations and blur of one picture on the processor. `npx tsx scripts/build-kernels.ts` compiles this file
// into photometric-kernel.ts.
//
// A picture is three planes of floats, `stride` apart, rows without gaps. Loops take 16 or 4 values at a time and
// may run past the last one: `stride` is a multiple of 16 and at least 16 more than the pixels of a plane.
#include <wasm_simd128.h>

typedef v128_t Four;

static Four all(float value) { return wasm_f32x4_splat(value); }
static Four add(Four a, Four b) { return wasm_f32x4_add(a, b); }
static Four subtract(Four a, Four b) { return wasm_f32x4_sub(a, b); }
static Four multiply(Four a, Four b) { return wasm_f32x4_mul(a, b); }
static Four smaller(Four a, Four b) { return wasm_f32x4_pmin(a, b); }
static Four larger(Four a, Four b) { return wasm_f32x4_pmax(a, b); }
static Four clip(Four x) { return smaller(larger(x, all(0)), all(1)); }
static Four choose(Four condition, Four a, Four b) { return wasm_v128_bitselect(a, b, condition); }

// torchvision's weights of red, green and blue.
static Four gray_of(Four red, Four green, Four blue) {
  return add(add(multiply(red, all(0.2989f)), multiply(green, all(0.587f))), multiply(blue, all(0.114f)));
}

static float sum_of(Four x) {
  return wasm_f32x4_extract_lane(x, 0) + wasm_f32x4_extract_lane(x, 1) + wasm_f32x4_extract_lane(x, 2) +
         wasm_f32x4_extract_lane(x, 3);
}

// 16 bytes as floats in [0, 1] times the brightness. Divided, because x / 255 must meet a threshold of 128 / 255.
static void store_unit(float *to, v128_t bytes, Four brightness) {
  v128_t low = wasm_u16x8_extend_low_u8x16(bytes), high = wasm_u16x8_extend_high_u8x16(bytes);
  v128_t parts[4] = {wasm_u32x4_extend_low_u16x8(low), wasm_u32x4_extend_high_u16x8(low),
                     wasm_u32x4_extend_low_u16x8(high), wasm_u32x4_extend_high_u16x8(high)};
  for (int part = 0; part < 4; part++) {
    Four unit = wasm_f32x4_div(wasm_f32x4_convert_i32x4(parts[part]), all(255));
    wasm_v128_store(to + 4 * part, clip(multiply(unit, brightness)));
  }
}

// Interleaved bytes to planes in [0, 1], with brightness.
__attribute__((export_name("load"))) void load(const unsigned char *pixels, float *planes, int stride, int count,
                                               float brightness) {
  float *red = planes, *green = planes + stride, *blue = green + stride;
  Four factor = all(brightness);
  for (int i = 0; i < count; i += 16) {
    v128_t a = wasm_v128_load(pixels + 3 * i), b = wasm_v128_load(pixels + 3 * i + 16),
           c = wasm_v128_load(pixels + 3 * i + 32);
    v128_t r = wasm_i8x16_shuffle(a, b, 0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 0, 0, 0, 0, 0);
    v128_t g = wasm_i8x16_shuffle(a, b, 1, 4, 7, 10, 13, 16, 19, 22, 25, 28, 31, 0, 0, 0, 0, 0);
    v128_t u = wasm_i8x16_shuffle(a, b, 2, 5, 8, 11, 14, 17, 20, 23, 26, 29, 0, 0, 0, 0, 0, 0);
    r = wasm_i8x16_shuffle(r, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 17, 20, 23, 26, 29);
    g = wasm_i8x16_shuffle(g, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 18, 21, 24, 27, 30);
    u = wasm_i8x16_shuffle(u, c, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 19, 22, 25, 28, 31);
    store_unit(red + i, r, factor);
    store_unit(green + i, g, factor);
    store_unit(blue + i, u, factor);
  }
}

// Mean grey. Sums of 256 floats at most, the rest in double precision.
__attribute__((export_name("meanGray"))) double mean_gray(const float *planes, int stride, int count) {
  const float *red = planes, *green = planes + stride, *blue = green + stride;
  double total = 0;
  int whole = count & ~3;
  for (int start = 0; start < whole; start += 1024) {
    int end = start + 1024 < whole ? start + 1024 : whole;
    Four sum = all(0);
    for (int i = start; i < end; i += 4) {
      sum = add(sum, gray_of(wasm_v128_load(red + i), wasm_v128_load(green + i), wasm_v128_load(blue + i)));
    }
    total += sum_of(sum);
  }
  for (int i = whole; i < count; i++) total += 0.2989f * red[i] + 0.587f * green[i] + 0.114f * blue[i];
  return total / count;
}

// v - c * clip(2 - |k - 2|, 0, 1) with k = phase mod 6: a channel of HSV to RGB without cases.
static Four channel_of(Four value, Four chroma, Four phase) {
  Four turns = wasm_f32x4_floor(multiply(phase, all(1.0f / 6)));
  Four wrapped = subtract(phase, multiply(turns, all(6)));
  Four ramp = clip(subtract(all(2), wasm_f32x4_abs(subtract(wrapped, all(2)))));
  return subtract(value, multiply(chroma, ramp));
}

// Contrast as factor and offset, saturation, hue in sixths of a turn, grey: in this order, each where it is asked
// for (factors 1, hue 0 and gray 0 ask for nothing).
__attribute__((export_name("colour"))) void colour(float *planes, int stride, int count, float contrast,
                                                   float offset, float saturation, float hue, int gray) {
  float *red = planes, *green = planes + stride, *blue = green + stride;
  for (int i = 0; i < count; i += 4) {
    Four r = wasm_v128_load(red + i), g = wasm_v128_load(green + i), b = wasm_v128_load(blue + i);
    if (contrast != 1) {
      Four factor = all(contrast), shift = all(offset);
      r = clip(add(multiply(r, factor), shift));
      g = clip(add(multiply(g, factor), shift));
      b = clip(add(multiply(b, factor), shift));
    }
    if (saturation != 1) {
      Four factor = all(saturation), rest = multiply(gray_of(r, g, b), all(1 - saturation));
      r = clip(add(multiply(r, factor), rest));
      g = clip(add(multiply(g, factor), rest));
      b = clip(add(multiply(b, factor), rest));
    }
    if (hue != 0) {
      Four value = larger(larger(r, g), b), chroma = subtract(value, smaller(smaller(r, g), b));
      Four red_leads = wasm_f32x4_eq(r, value), green_leads = wasm_f32x4_eq(g, value);
      Four difference = choose(red_leads, subtract(g, b), choose(green_leads, subtract(b, r), subtract(r, g)));
      Four start = choose(red_leads, all(hue), choose(green_leads, all(2 + hue), all(4 + hue)));
      // A grey pixel has chroma 0, and its hue does not matter; this keeps it finite.
      Four turned = add(start, wasm_f32x4_div(difference, larger(chroma, all(1e-12f))));
      r = channel_of(value, chroma, add(turned, all(5)));
      g = channel_of(value, chroma, add(turned, all(3)));
      b = channel_of(value, chroma, add(turned, all(1)));
    }
    if (gray) r = g = b = clip(gray_of(r, g, b));
    wasm_v128_store(red + i, r);
    wasm_v128_store(green + i, g);
    wasm_v128_store(blue + i, b);
  }
}

// Mirrored about the border pixels, which are not repeated.
static int reflect(int index, int size) {
  if (index < 0) return -index;
  return index < size ? index : 2 * (size - 1) - index;
}

// Symmetric sum of `2 * radius + 1` lines of values around centres[radius], 16 values at a time.
static void blend_lines(const float *const *lines, const float *weights, int radius, int length, float *to) {
  for (int i = 0; i < length; i += 16) {
    Four sums[4];
    Four weight = all(weights[0]);
    for (int part = 0; part < 4; part++) {
      sums[part] = multiply(weight, wasm_v128_load(lines[radius] + i + 4 * part));
    }
    for (int tap = 1; tap <= radius; tap++) {
      const float *before = lines[radius - tap] + i, *after = lines[radius + tap] + i;
      weight = all(weights[tap]);
      for (int part = 0; part < 4; part++) {
        Four both = add(wasm_v128_load(before + 4 * part), wasm_v128_load(after + 4 * part));
        sums[part] = add(sums[part], multiply(weight, both));
      }
    }
    for (int part = 0; part < 4; part++) wasm_v128_store(to + i + 4 * part, sums[part]);
  }
}

// Separable blur of the planes with weights[0 .. radius], borders reflected. `between` is as large as the planes,
// `line` holds width + 2 * radius + 16 floats and `lines` 2 * radius + 1 addresses. A row may be written up to 15
// values past its end: the next row overwrites them.
__attribute__((export_name("blur"))) void blur(float *planes, float *between, int stride, int width, int height,
                                               const float *weights, int radius, float *line,
                                               const float **lines) {
  for (int channel = 0; channel < 3; channel++) {
    float *plane = planes + channel * stride, *across = between + channel * stride;
    for (int y = 0; y < height; y++) {
      const float *row = plane + y * width;
      for (int x = 0; x < radius; x++) {
        line[x] = row[reflect(x - radius, width)];
        line[radius + width + x] = row[reflect(width + x, width)];
      }
      for (int x = 0; x < width; x++) line[radius + x] = row[x];
      for (int tap = 0; tap <= 2 * radius; tap++) lines[tap] = line + tap;
      blend_lines(lines, weights, radius, width, across + y * width);
    }
    for (int y = 0; y < height; y++) {
      for (int tap = 0; tap <= 2 * radius; tap++) {
        lines[tap] = across + reflect(y + tap - radius, height) * width;
      }
      blend_lines(lines, weights, radius, width, plane + y * width);
    }
  }
}

static Four finished(Four x, float threshold, float factor, float offset) {
  Four solarized = choose(wasm_f32x4_ge(x, all(threshold)), subtract(all(1), x), x);
  return add(multiply(solarized, all(factor)), all(offset));
}

// Solarize, normalise as factors and offsets per channel, and interleave.
__attribute__((export_name("finish"))) void finish(const float *planes, int stride, int count, float *result,
                                                   float threshold, float red_factor, float green_factor,
                                                   float blue_factor, float red_offset, float green_offset,
                                                   float blue_offset) {
  const float *red = planes, *green = planes + stride, *blue = green + stride;
  for (int i = 0; i < count; i += 4) {
    Four r = finished(wasm_v128_load(red + i), threshold, red_factor, red_offset);
    Four g = finished(wasm_v128_load(green + i), threshold, green_factor, green_offset);
    Four b = finished(wasm_v128_load(blue + i), threshold, blue_factor, blue_offset);
    Four low = wasm_i32x4_shuffle(r, g, 0, 4, 1, 5), high = wasm_i32x4_shuffle(r, g, 2, 6, 3, 7);
    wasm_v128_store(result + 3 * i, wasm_i32x4_shuffle(low, b, 0, 1, 4, 2));
    wasm_v128_store(result + 3 * i + 4, wasm_i32x4_shuffle(wasm_i32x4_shuffle(low, b, 3, 5, 0, 0), high, 0, 1, 4, 5));
    wasm_v128_store(result + 3 * i + 8, wasm_i32x4_shuffle(wasm_i32x4_shuffle(high, b, 2, 3, 6, 7), b, 2, 0, 1, 3));
  }
}
