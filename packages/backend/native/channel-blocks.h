#pragma once

#include <algorithm>
#include <cstdint>

namespace pixcon {

/**
 * Rows are summed in blocks: few enough for float32 to add without loss, and to stay in the first cache for a second
 * look. Blocks are then added in float64.
 */
inline int64_t blockRows(int64_t channels) {
  return std::clamp<int64_t>(4096 / channels, 16, 64);
}

/** Shares of rows for threads: 64 KB at least. */
inline int64_t minimumRows(int64_t channels) {
  return std::max<int64_t>(blockRows(channels), 16384 / channels);
}

constexpr int64_t mostShares = 16;

}  // namespace pixcon
