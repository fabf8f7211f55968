#include "batch-normalization.h"

#include <cmath>

#include "channel-blocks.h"
#include "channel-moments.h"
#include "clones.h"
#include "operation.h"
#include "parallel.h"

namespace pixcon {
namespace {

/** y = relu(x · factor + shift + residual); `residual` may be null. */
PIXCON_CLONES
void normalizeRows(const float* __restrict x, const float* __restrict residual, int64_t rows, int64_t channels,
                   const float* __restrict factor, const float* __restrict shift, bool relu,
                   float* __restrict y) {
  for (int64_t row = 0; row < rows; row++, x += channels, y += channels) {
    if (residual && relu) {
      for (int64_t c = 0; c < channels; c++) {
        const float value = x[c] * factor[c] + shift[c] + residual[c];
        y[c] = value < 0 ? 0 : value;
      }
    } else if (residual) {
      for (int64_t c = 0; c < channels; c++) y[c] = x[c] * factor[c] + shift[c] + residual[c];
    } else if (relu) {
      for (int64_t c = 0; c < channels; c++) {
        const float value = x[c] * factor[c] + shift[c];
        y[c] = value < 0 ? 0 : value;
      }
    } else {
      for (int64_t c = 0; c < channels; c++) y[c] = x[c] * factor[c] + shift[c];
    }
    if (residual) residual += channels;
  }
}

/** Training's batch normalization, with the residual sum and the ReLU that follow. */
class BatchNormalization {
 public:
  explicit BatchNormalization(const Attributes& attributes)
      : epsilon_(attributes.number("epsilon")),
        momentum_(attributes.number("momentum")),
        hasScale_(attributes.flag("has_scale")),
        hasOffset_(attributes.flag("has_offset")),
        hasResidual_(attributes.flag("has_residual")),
        relu_(attributes.flag("relu")) {}

  void run(const Call& call) const {
    const Tensor x = call.input(0);
    const int64_t channels = x.channels();
    const int64_t rows = x.size() / channels;
    const Tensor scale = call.input(1, channels);
    const Tensor offset = call.input(2, channels);
    const Tensor oldMean = call.input(3, channels);
    const Tensor oldVariance = call.input(4, channels);
    const Tensor residual = call.input(5, x.size());

    const Tensor y = call.output(0, x.shape());
    const Tensor newMean = call.output(1, {channels});
    const Tensor newVariance = call.output(2, {channels});
    const Tensor statistics = call.output(3, {2, channels});
    float* mean = statistics.data();
    float* inverse = mean + channels;

    const ChannelMoments moments = channelMoments(x.data(), rows, channels);
    const double unbiased = rows > 1 ? static_cast<double>(rows) / static_cast<double>(rows - 1) : 1;
    const std::unique_ptr<float[]> terms(new float[2 * channels]);
    float* factor = terms.get();
    float* shift = factor + channels;
    for (int64_t c = 0; c < channels; c++) {
      const double variance = moments.variance[c];
      const double deviation = 1 / std::sqrt(variance + epsilon_);
      mean[c] = static_cast<float>(moments.mean[c]);
      inverse[c] = static_cast<float>(deviation);
      // Rounded where PyTorch rounds, so that what is sensitive to it (golden values) comes out alike.
      factor[c] = hasScale_ ? scale.data()[c] * inverse[c] : inverse[c];
      shift[c] = (hasOffset_ ? offset.data()[c] : 0) - mean[c] * factor[c];
      newMean.data()[c] = move(oldMean.data()[c], moments.mean[c]);
      newVariance.data()[c] = move(oldVariance.data()[c], variance * unbiased);
    }

    const Shares shares(rows, minimumRows(channels));
    parallelFor(shares.count, [&](int64_t index) {
      // From the end, which the statistics have just read.
      const int64_t share = shares.count - 1 - index;
      const int64_t start = shares.begin(share) * channels;
      normalizeRows(x.data() + start, hasResidual_ ? residual.data() + start : nullptr,
                    shares.end(share) - shares.begin(share), channels, factor, shift, relu_,
                    y.data() + start);
    });
  }

 private:
  float move(float old, double batch) const {
    return static_cast<float>(old + (batch - old) * momentum_);
  }

  const double epsilon_;
  const double momentum_;
  const bool hasScale_;
  const bool hasOffset_;
  const bool hasResidual_;
  const bool relu_;
};

}  // namespace

void registerBatchNormalization() {
  registerKernel<BatchNormalization>({
      "PixconBatchNormalization",
      {"epsilon: float", "momentum: float", "has_scale: bool", "has_offset: bool", "has_residual: bool",
       "relu: bool"},
      {"x: float", "scale: float", "offset: float", "running_mean: float", "running_variance: float",
       "residual: float"},
      {"y: float", "new_mean: float", "new_variance: float", "statistics: float"},
  });
}

}  // namespace pixcon
