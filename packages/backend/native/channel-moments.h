#pragma once

#include <cstdint>
#include <vector>

namespace pixcon {

/** Mean and biased variance of each channel. */
struct ChannelMoments {
  std::vector<double> mean;
  std::vector<double> variance;
};

/** Of `[rows, channels]`, in one pass over memory. */
ChannelMoments channelMoments(const float* x, int64_t rows, int64_t channels);

}  // namespace pixcon
