#include "max-pool-gradient.h"

#include <algorithm>
#include <cstring>

#include "clones.h"
#include "operation.h"
#include "parallel.h"

namespace pixcon {
namespace {

/** Gives what `remaining` still has to the channels of a cell that hold the maximum. */
PIXCON_CLONES
void claim(const float* __restrict x, const float* __restrict y, int64_t channels, float* __restrict remaining,
           float* __restrict dx) {
  for (int64_t c = 0; c < channels; c++) {
    const bool largest = x[c] == y[c];
    dx[c] += largest ? remaining[c] : 0;
    remaining[c] = largest ? 0 : remaining[c];
  }
}

/** The same for a cell whose gradient is another task's. */
PIXCON_CLONES
void pass(const float* __restrict x, const float* __restrict y, int64_t channels, float* __restrict remaining) {
  for (int64_t c = 0; c < channels; c++) remaining[c] = x[c] == y[c] ? 0 : remaining[c];
}

/** Gradient of max pooling: each window's goes to its first cell, row by row, that holds the maximum. */
class MaxPoolGradient {
 public:
  explicit MaxPoolGradient(const Attributes& attributes)
      : size_(attributes.integer("size")),
        stride_(attributes.integer("stride")),
        padding_(attributes.integer("padding")) {}

  void run(const Call& call) const {
    const Tensor x = call.input(0);
    const Tensor y = call.input(1);
    const Tensor dy = call.input(2, y.size());
    const Tensor dx = call.output(0, x.shape());
    if (x.rank() != 4 || y.rank() != 4) throw std::runtime_error("images of rank 4 are needed");
    if (y.dim(0) != x.dim(0) || y.channels() != x.channels()) throw std::runtime_error("y is not of x");
    if (x.size() == 0) return;
    const int64_t height = x.dim(1);
    const Shares images(x.dim(0), 1, x.dim(0));
    // A few bands of rows each, where there are fewer images than threads.
    const Shares bands(height, 2 * size_, std::max<int64_t>(1, 16 / std::max<int64_t>(1, images.count)));
    parallelFor(images.count * bands.count, [&](int64_t task) {
      const int64_t image = task / bands.count;
      const int64_t band = task % bands.count;
      poolBand(x, y, dy, dx, image, bands.begin(band), bands.end(band));
    });
  }

 private:
  /** Rows `begin` to `end` of an image of `dx`. */
  void poolBand(const Tensor& x, const Tensor& y, const Tensor& dy, const Tensor& dx, int64_t image,
                int64_t begin, int64_t end) const {
    const int64_t width = x.dim(2);
    const int64_t channels = x.dim(3);
    const int64_t rowsOut = y.dim(1);
    const int64_t columnsOut = y.dim(2);
    const int64_t start = image * x.dim(1) * width * channels;
    std::memset(dx.data() + start + begin * width * channels, 0,
                (end - begin) * width * channels * sizeof(float));
    std::vector<float> remaining(channels);
    // The windows that reach into the band.
    const int64_t first = std::max<int64_t>(0, (begin + padding_ - size_ + stride_) / stride_);
    const int64_t last = std::min(rowsOut, (end - 1 + padding_) / stride_ + 1);
    for (int64_t row = first; row < last; row++) {
      for (int64_t column = 0; column < columnsOut; column++) {
        const int64_t out = ((image * rowsOut + row) * columnsOut + column) * channels;
        std::copy_n(dy.data() + out, channels, remaining.data());
        const int64_t top = row * stride_ - padding_;
        const int64_t left = column * stride_ - padding_;
        const int64_t bottom = std::min(x.dim(1), top + size_);
        const int64_t right = std::min(width, left + size_);
        for (int64_t i = std::max<int64_t>(0, top); i < bottom; i++) {
          for (int64_t j = std::max<int64_t>(0, left); j < right; j++) {
            const int64_t cell = start + (i * width + j) * channels;
            if (i >= begin && i < end) {
              claim(x.data() + cell, y.data() + out, channels, remaining.data(), dx.data() + cell);
            } else {
              pass(x.data() + cell, y.data() + out, channels, remaining.data());
            }
          }
        }
      }
    }
  }

  const int64_t size_;
  const int64_t stride_;
  const int64_t padding_;
};

}  // namespace

void registerMaxPoolGradient() {
  registerKernel<MaxPoolGradient>({"PixconMaxPoolGradient",
                                   {"size: int", "stride: int", "padding: int"},
                                   {"x: float", "y: float", "dy: float"},
                                   {"x_gradient: float"}});
}

}  // namespace pixcon
