#include "unit-rows.h"

#include <algorithm>
#include <cmath>

#include "clones.h"
#include "operation.h"
#include "parallel.h"

namespace pixcon {
namespace {

/** a · b in float64, in lanes that the processor adds side by side. */
PIXCON_CLONES
double dotProduct(const float* __restrict a, const float* __restrict b, int64_t size) {
  constexpr int lanes = 16;
  double sums[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= size; i += lanes) {
    for (int lane = 0; lane < lanes; lane++) {
      sums[lane] += static_cast<double>(a[i + lane]) * static_cast<double>(b[i + lane]);
    }
  }
  double total = 0;
  for (; i < size; i++) total += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  for (double sum : sums) total += sum;
  return total;
}

PIXCON_CLONES
void divideRow(const float* __restrict x, int64_t size, float divisor, float* __restrict y) {
  for (int64_t i = 0; i < size; i++) y[i] = x[i] / divisor;
}

/** dx = (dy − y · along) / divisor. */
PIXCON_CLONES
void gradientRow(const float* __restrict dy, const float* __restrict y, int64_t size, float along, float divisor,
                 float* __restrict dx) {
  for (int64_t i = 0; i < size; i++) dx[i] = (dy[i] - y[i] * along) / divisor;
}

template <class Task>
void forEachRow(int64_t rows, int64_t size, const Task& task) {
  const Shares shares(rows, 16384 / std::max<int64_t>(1, size));
  parallelFor(shares.count, [&](int64_t share) {
    for (int64_t row = shares.begin(share); row < shares.end(share); row++) task(row);
  });
}

/** Rows of `[rows, dim]` at length 1, and their lengths from before; those below ε are divided by ε. */
class UnitRows {
 public:
  explicit UnitRows(const Attributes& attributes) : epsilon_(attributes.number("epsilon")) {}

  void run(const Call& call) const {
    const Tensor x = call.input(0);
    const int64_t rows = x.dim(0);
    const int64_t size = x.dim(1);
    const Tensor y = call.output(0, x.shape());
    const Tensor norm = call.output(1, {rows, 1});
    forEachRow(rows, size, [&](int64_t row) {
      const float* from = x.data() + row * size;
      const float length = static_cast<float>(std::sqrt(dotProduct(from, from, size)));
      norm.data()[row] = length;
      divideRow(from, size, std::isnan(length) ? length : std::max(length, epsilon_), y.data() + row * size);
    });
  }

 private:
  const float epsilon_;
};

/** Gradient of `PixconUnitRows`: without the part along y, except where the length was below ε. */
class UnitRowsGradient {
 public:
  explicit UnitRowsGradient(const Attributes& attributes) : epsilon_(attributes.number("epsilon")) {}

  void run(const Call& call) const {
    const Tensor dy = call.input(0);
    const int64_t rows = dy.dim(0);
    const int64_t size = dy.dim(1);
    const Tensor y = call.input(1, dy.size());
    const Tensor norm = call.input(2, rows);
    const Tensor dx = call.output(0, dy.shape());
    forEachRow(rows, size, [&](int64_t row) {
      const int64_t start = row * size;
      const float length = norm.data()[row];
      const bool kept = length <= epsilon_;
      const double along = kept ? 0 : dotProduct(dy.data() + start, y.data() + start, size);
      gradientRow(dy.data() + start, y.data() + start, size, static_cast<float>(along), kept ? epsilon_ : length,
                  dx.data() + start);
    });
  }

 private:
  const float epsilon_;
};

}  // namespace

void registerUnitRows() {
  registerKernel<UnitRows>({"PixconUnitRows", {"epsilon: float"}, {"x: float"}, {"y: float", "norm: float"}});
  registerKernel<UnitRowsGradient>({"PixconUnitRowsGradient",
                                    {"epsilon: float"},
                                    {"dy: float", "y: float", "norm: float"},
                                    {"x_gradient: float"}});
}

}  // namespace pixcon
