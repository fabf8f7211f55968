#include "reshape.h"

#include "operation.h"

namespace pixcon {
namespace {

/**
 * The same values in another shape, in the same memory. TensorFlow's own `Reshape` takes the shape as a tensor, which has
 * to be made, handed over and read each time.
 */
class Reshape {
 public:
  explicit Reshape(const Attributes& attributes) : shape_(attributes.integers("shape")) {}

  void run(const Call& call) const { call.setOutput(0, call.input(0).reshaped(shape_)); }

 private:
  const std::vector<int64_t> shape_;
};

}  // namespace

void registerReshape() {
  registerKernel<Reshape>({"PixconReshape", {"T: type", "shape: list(int)"}, {"x: T"}, {"y: T"}});
}

}  // namespace pixcon
