#include "softmax-tile.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "clones.h"
#include "operation.h"
#include "parallel.h"

namespace pixcon {
namespace {

constexpr int lanes = 16;

PIXCON_CLONES
float largest(const float* __restrict x, int64_t size, float start) {
  float best[lanes];
  std::fill_n(best, lanes, start);
  int64_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    for (int lane = 0; lane < lanes; lane++) best[lane] = x[i + lane] > best[lane] ? x[i + lane] : best[lane];
  }
  for (; i < size; i++) best[0] = std::max(best[0], x[i]);
  return *std::max_element(best, best + lanes);
}

/**
 * eˣ of x ≤ 0, within two units in the last place; 0 below −87, where float32 has no normal numbers. Plain arithmetic,
 * which compilers make vector instructions of: x = k ln 2 + r, a polynomial of r, and k in the exponent's bits.
 */
inline float exponential(float x) {
  const float bounded = x < -87.0f ? -87.0f : x;
  const float shifted = bounded * 1.44269504f + 12582912.0f;
  const float k = shifted - 12582912.0f;
  const float r = (bounded - k * 0.693359375f) + k * 2.12194440e-4f;
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  const float y = (p * r * r + r) + 1.0f;
  // The low bits of `shifted` are k.
  int32_t bits;
  std::memcpy(&bits, &shifted, sizeof bits);
  const int32_t power = static_cast<int32_t>((static_cast<uint32_t>(bits) - 0x4b400000u + 127u) << 23);
  float scale;
  std::memcpy(&scale, &power, sizeof scale);
  return x < -87.0f ? 0.0f : y * scale;
}

/** y = exp(x − maximum), and its sum. */
PIXCON_CLONES
float exponentials(const float* __restrict x, int64_t size, float maximum, float* __restrict y) {
  float sums[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    for (int lane = 0; lane < lanes; lane++) {
      const float value = exponential(x[i + lane] - maximum);
      y[i + lane] = value;
      sums[lane] += value;
    }
  }
  for (; i < size; i++) {
    const float value = exponential(x[i] - maximum);
    y[i] = value;
    sums[0] += value;
  }
  double total = 0;
  for (float sum : sums) total += sum;
  return static_cast<float>(total);
}

/**
 * Takes one more tile of logits into the running softmax of every row: the exponentials of the tile below the new
 * maximum, that maximum, the new sum of exponentials, and what earlier sums were multiplied by.
 */
class SoftmaxTile {
 public:
  explicit SoftmaxTile(const Attributes&) {}

  void run(const Call& call) const {
    const Tensor logits = call.input(0);
    const int64_t rows = logits.dim(0);
    const int64_t size = logits.dim(1);
    const Tensor maximum = call.input(1, rows);
    const Tensor sum = call.input(2, rows);
    const Tensor y = call.output(0, logits.shape());
    const Tensor newMaximum = call.output(1, {rows, 1});
    const Tensor newSum = call.output(2, {rows, 1});
    const Tensor decay = call.output(3, {rows, 1});
    const Shares shares(rows, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, size)));
    parallelFor(shares.count, [&](int64_t share) {
      for (int64_t row = shares.begin(share); row < shares.end(share); row++) {
        const float* from = logits.data() + row * size;
        const float before = maximum.data()[row];
        const float now = largest(from, size, before);
        const float kept = std::exp(before - now);
        newMaximum.data()[row] = now;
        decay.data()[row] = kept;
        newSum.data()[row] = sum.data()[row] * kept + exponentials(from, size, now, y.data() + row * size);
      }
    });
  }
};

}  // namespace

void registerSoftmaxTile() {
  registerKernel<SoftmaxTile>({"PixconSoftmaxTile",
                               {},
                               {"logits: float", "maximum: float", "sum: float"},
                               {"exponentials: float", "new_maximum: float", "new_sum: float", "decay: float"}});
}

}  // namespace pixcon
