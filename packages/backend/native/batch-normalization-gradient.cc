#include <algorithm>

#include "batch-normalization.h"
#include "channel-blocks.h"
#include "clones.h"
#include "operation.h"
#include "parallel.h"

namespace pixcon {
namespace {

/**
 * Adds up g and g · (x − mean) of a block, where g is `dy` where `y` is positive. Writes g to `kept`, too, unless that
 * is null; without `y`, g is `dy`.
 */
PIXCON_CLONES
void addBlock(const float* __restrict x, const float* __restrict dy, const float* __restrict y, int64_t rows,
              int64_t channels, const float* __restrict mean, float* __restrict kept, float* __restrict sum,
              float* __restrict product) {
  for (int64_t c = 0; c < channels; c++) sum[c] = product[c] = 0;
  for (int64_t row = 0; row < rows; row++, x += channels, dy += channels) {
    if (!y) {
      for (int64_t c = 0; c < channels; c++) {
        sum[c] += dy[c];
        product[c] += dy[c] * (x[c] - mean[c]);
      }
      continue;
    }
    if (kept) {
      for (int64_t c = 0; c < channels; c++) {
        const float g = y[c] > 0 ? dy[c] : 0;
        kept[c] = g;
        sum[c] += g;
        product[c] += g * (x[c] - mean[c]);
      }
      kept += channels;
    } else {
      for (int64_t c = 0; c < channels; c++) {
        const float g = y[c] > 0 ? dy[c] : 0;
        sum[c] += g;
        product[c] += g * (x[c] - mean[c]);
      }
    }
    y += channels;
  }
}

/** dx = factor · (g − share) − (x − mean) · slope. */
PIXCON_CLONES
void gradientRows(const float* __restrict x, const float* __restrict dy, const float* __restrict y, int64_t rows,
                  int64_t channels, const float* __restrict mean, const float* __restrict factor,
                  const float* __restrict share, const float* __restrict slope, float* __restrict dx) {
  for (int64_t row = 0; row < rows; row++, x += channels, dy += channels, dx += channels) {
    if (y) {
      for (int64_t c = 0; c < channels; c++) {
        const float g = y[c] > 0 ? dy[c] : 0;
        dx[c] = factor[c] * (g - share[c]) - (x[c] - mean[c]) * slope[c];
      }
      y += channels;
    } else {
      for (int64_t c = 0; c < channels; c++) {
        dx[c] = factor[c] * (dy[c] - share[c]) - (x[c] - mean[c]) * slope[c];
      }
    }
  }
}

/** The gradients of `PixconBatchNormalization`. */
class BatchNormalizationGradient {
 public:
  explicit BatchNormalizationGradient(const Attributes& attributes)
      : hasScale_(attributes.flag("has_scale")),
        relu_(attributes.flag("relu")),
        keeps_(attributes.integer("residuals") > 0) {}

  void run(const Call& call) const {
    const Tensor x = call.input(0);
    const int64_t channels = x.channels();
    const int64_t rows = x.size() / channels;
    const Tensor dy = call.input(1, x.size());
    const Tensor y = call.input(2, x.size());
    const Tensor scale = call.input(3);
    const Tensor statistics = call.input(4, 2 * channels);
    const float* mean = statistics.data();
    const float* inverse = mean + channels;

    const Tensor dx = call.output(0, x.shape());
    const Tensor scaleGradient = call.output(1, {channels});
    const Tensor offsetGradient = call.output(2, {channels});
    const Tensor residual = keeps_ ? call.output(3, x.shape()) : Tensor();
    const float* mask = relu_ ? y.data() : nullptr;
    float* kept = keeps_ ? residual.data() : nullptr;

    const std::unique_ptr<double[]> sums =
        columnSums(x.data(), dy.data(), mask, kept, rows, channels, mean);
    const std::unique_ptr<float[]> terms(new float[3 * channels]);
    float* factor = terms.get();
    float* share = factor + channels;
    float* slope = share + channels;
    for (int64_t c = 0; c < channels; c++) {
      const double sum = sums[c];
      const double product = sums[channels + c] * inverse[c];
      const double scaled = hasScale_ ? static_cast<double>(scale.data()[c]) * inverse[c] : inverse[c];
      offsetGradient.data()[c] = static_cast<float>(sum);
      scaleGradient.data()[c] = static_cast<float>(product);
      factor[c] = static_cast<float>(scaled);
      share[c] = static_cast<float>(sum / static_cast<double>(rows));
      slope[c] = static_cast<float>(scaled * inverse[c] * product / static_cast<double>(rows));
    }

    const float* g = keeps_ ? kept : dy.data();
    const float* remaining = keeps_ ? nullptr : mask;
    const Shares shares(rows, minimumRows(channels));
    parallelFor(shares.count, [&](int64_t index) {
      // From the end, which the sums have just read.
      const int64_t part = shares.count - 1 - index;
      const int64_t start = shares.begin(part) * channels;
      gradientRows(x.data() + start, g + start, remaining ? remaining + start : nullptr,
                   shares.end(part) - shares.begin(part), channels, mean, factor, share, slope,
                   dx.data() + start);
    });
  }

 private:
  /** Sums of g, then of g · (x − mean). */
  static std::unique_ptr<double[]> columnSums(const float* x, const float* dy, const float* y, float* kept,
                                              int64_t rows, int64_t channels, const float* mean) {
    const Shares shares(rows, minimumRows(channels), mostShares);
    const std::unique_ptr<float[]> scratch(new float[shares.count * 2 * channels]);
    std::unique_ptr<double[]> partial(new double[shares.count * 2 * channels]);
    parallelFor(shares.count, [&](int64_t share) {
      double* totals = &partial[share * 2 * channels];
      float* block = &scratch[share * 2 * channels];
      std::fill_n(totals, 2 * channels, 0.0);
      const int64_t step = blockRows(channels);
      for (int64_t row = shares.begin(share); row < shares.end(share); row += step) {
        const int64_t start = row * channels;
        addBlock(x + start, dy + start, y ? y + start : nullptr, std::min(step, shares.end(share) - row),
                 channels, mean, kept ? kept + start : nullptr, block, block + channels);
        for (int64_t i = 0; i < 2 * channels; i++) totals[i] += block[i];
      }
    });
    for (int64_t share = 1; share < shares.count; share++) {
      for (int64_t i = 0; i < 2 * channels; i++) partial[i] += partial[share * 2 * channels + i];
    }
    return partial;
  }

  const bool hasScale_;
  const bool relu_;
  const bool keeps_;
};

}  // namespace

void registerBatchNormalizationGradient() {
  registerKernel<BatchNormalizationGradient>({
      "PixconBatchNormalizationGradient",
      {"has_scale: bool", "relu: bool", "residuals: int >= 0"},
      {"x: float", "dy: float", "y: float", "scale: float", "statistics: float"},
      {"x_gradient: float", "scale_gradient: float", "offset_gradient: float",
       "residual_gradient: residuals * float"},
  });
}

}  // namespace pixcon
