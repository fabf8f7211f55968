#include "channel-moments.h"

#include <memory>

#include "channel-blocks.h"
#include "clones.h"
#include "parallel.h"

namespace pixcon {
namespace {

PIXCON_CLONES
void blockMeans(const float* __restrict x, int64_t rows, int64_t channels, float* __restrict mean) {
  for (int64_t c = 0; c < channels; c++) mean[c] = x[c];
  int64_t row = 1;
  for (; row + 4 <= rows; row += 4) {
    const float* __restrict a = x + row * channels;
    const float* __restrict b = a + channels;
    const float* __restrict d = b + channels;
    const float* __restrict e = d + channels;
    for (int64_t c = 0; c < channels; c++) mean[c] += (a[c] + b[c]) + (d[c] + e[c]);
  }
  for (; row < rows; row++) {
    const float* __restrict a = x + row * channels;
    for (int64_t c = 0; c < channels; c++) mean[c] += a[c];
  }
  const float share = 1.0f / static_cast<float>(rows);
  for (int64_t c = 0; c < channels; c++) mean[c] *= share;
}

/** Sums of the distances from `centre`, and of their squares. */
PIXCON_CLONES
void blockDistances(const float* __restrict x, int64_t rows, int64_t channels, const float* __restrict centre,
                    float* __restrict distance, float* __restrict square) {
  for (int64_t c = 0; c < channels; c++) distance[c] = square[c] = 0;
  int64_t row = 0;
  for (; row + 2 <= rows; row += 2) {
    const float* __restrict a = x + row * channels;
    const float* __restrict b = a + channels;
    for (int64_t c = 0; c < channels; c++) {
      const float p = a[c] - centre[c];
      const float q = b[c] - centre[c];
      distance[c] += p + q;
      square[c] += p * p + q * q;
    }
  }
  for (; row < rows; row++) {
    const float* __restrict a = x + row * channels;
    for (int64_t c = 0; c < channels; c++) {
      const float p = a[c] - centre[c];
      distance[c] += p;
      square[c] += p * p;
    }
  }
}

/** Adds a block of `rows` to the mean and the squared distances from it of `before` rows. */
PIXCON_CLONES
void addBlock(int64_t before, int64_t rows, int64_t channels, const float* __restrict centre,
              const float* __restrict distance, const float* __restrict square, double* __restrict mean,
              double* __restrict squares) {
  const double share = 1.0 / static_cast<double>(rows);
  const double weight = static_cast<double>(rows) / static_cast<double>(before + rows);
  const double spread = static_cast<double>(before) * weight;
  for (int64_t c = 0; c < channels; c++) {
    const double off = distance[c] * share;
    const double step = centre[c] + off - mean[c];
    mean[c] += step * weight;
    squares[c] += (square[c] - distance[c] * off) + step * step * spread;
  }
}

void shareMoments(const float* x, int64_t rows, int64_t channels, float* scratch, double* mean,
                  double* squares) {
  std::fill_n(mean, channels, 0.0);
  std::fill_n(squares, channels, 0.0);
  float* centre = scratch;
  float* distance = centre + channels;
  float* square = distance + channels;
  const int64_t step = blockRows(channels);
  for (int64_t row = 0; row < rows; row += step) {
    const int64_t count = std::min(step, rows - row);
    const float* block = x + row * channels;
    blockMeans(block, count, channels, centre);
    blockDistances(block, count, channels, centre, distance, square);
    addBlock(row, count, channels, centre, distance, square, mean, squares);
  }
}

}  // namespace

ChannelMoments channelMoments(const float* x, int64_t rows, int64_t channels) {
  const Shares shares(rows, minimumRows(channels), mostShares);
  const std::unique_ptr<float[]> scratch(new float[shares.count * 3 * channels]);
  const std::unique_ptr<double[]> partial(new double[shares.count * 2 * channels]);
  parallelFor(shares.count, [&](int64_t share) {
    double* mean = &partial[share * 2 * channels];
    const int64_t begin = shares.begin(share);
    shareMoments(x + begin * channels, shares.end(share) - begin, channels, &scratch[share * 3 * channels],
                 mean, mean + channels);
  });
  ChannelMoments moments{std::vector<double>(channels), std::vector<double>(channels)};
  for (int64_t share = 0; share < shares.count; share++) {
    const double* mean = &partial[share * 2 * channels];
    const double* squares = mean + channels;
    const double before = static_cast<double>(shares.begin(share));
    const double count = static_cast<double>(shares.end(share)) - before;
    const double weight = count / (before + count);
    for (int64_t c = 0; c < channels; c++) {
      const double step = mean[c] - moments.mean[c];
      moments.mean[c] += step * weight;
      moments.variance[c] += squares[c] + step * step * before * weight;
    }
  }
  for (double& variance : moments.variance) variance /= static_cast<double>(rows);
  return moments;
}

}  // namespace pixcon
