#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "operation.h"

namespace pixcon {

void registerHeldTensors();

/**
 * Tensors between `PixconHold` and `PixconTake`, which belong to nobody else: their memory may be written. Meanwhile
 * the caller drops its own references.
 */
class HeldTensors {
 public:
  explicit HeldTensors(std::vector<Tensor> tensors) : tensors_(std::move(tensors)) {}

  /** @throws std::runtime_error for a key that nothing is held under */
  static std::shared_ptr<HeldTensors> find(const Tensor& key);

  int64_t count() const { return static_cast<int64_t>(tensors_.size()); }
  const Tensor& at(int64_t index) const { return tensors_.at(index); }
  /** The memory of one; a copy from here on, where somebody else sees it. */
  float* write(int64_t index);

 private:
  std::vector<Tensor> tensors_;
};

}  // namespace pixcon
