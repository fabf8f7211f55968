#include "held-tensors.h"

#include <map>
#include <mutex>

namespace pixcon {
namespace {

std::mutex mutex;
std::map<int32_t, std::shared_ptr<HeldTensors>> held;
int32_t nextKey = 0;

std::map<int32_t, std::shared_ptr<HeldTensors>>::iterator locate(const Tensor& key) {
  const auto found = held.find(key.integers()[0]);
  if (found == held.end()) throw std::runtime_error("no tensors are held under this key");
  return found;
}

/** Keeps references to tensors, and gives a key to them. */
class Hold {
 public:
  explicit Hold(const Attributes&) {}

  void run(const Call& call) const {
    std::vector<Tensor> tensors;
    for (int index = 0; index < call.inputCount(); index++) tensors.push_back(call.input(index));
    const Tensor key = call.output(0, {}, TF_INT32);
    std::lock_guard<std::mutex> lock(mutex);
    key.integers()[0] = nextKey++;
    held.emplace(key.integers()[0], std::make_shared<HeldTensors>(std::move(tensors)));
  }
};

/** Gives the tensors back. */
class Take {
 public:
  explicit Take(const Attributes&) {}

  void run(const Call& call) const {
    const Tensor key = call.input(0, 1);
    std::shared_ptr<HeldTensors> tensors;
    {
      std::lock_guard<std::mutex> lock(mutex);
      const auto found = locate(key);
      tensors = found->second;
      held.erase(found);
    }
    for (int64_t index = 0; index < tensors->count(); index++) {
      call.setOutput(static_cast<int>(index), tensors->at(index));
    }
  }
};

}  // namespace

std::shared_ptr<HeldTensors> HeldTensors::find(const Tensor& key) {
  std::lock_guard<std::mutex> lock(mutex);
  return locate(key)->second;
}

float* HeldTensors::write(int64_t index) {
  Tensor& tensor = tensors_.at(index);
  tensor = std::move(tensor).writable();
  return tensor.data();
}

void registerHeldTensors() {
  registerKernel<Hold>({"PixconHold", {"N: int >= 1"}, {"tensors: N * float"}, {"key: int32"}});
  registerKernel<Take>({"PixconTake", {"N: int >= 1"}, {"key: int32"}, {"tensors: N * float"}});
}

}  // namespace pixcon
