// A Node-API addon without functions: loading it adds operations to the TensorFlow of this process.

#include <cstdio>
#include <exception>
#include <mutex>

#include "batch-normalization.h"
#include "held-tensors.h"
#include "load-pages.h"
#include "max-pool-gradient.h"
#include "reshape.h"
#include "softmax-tile.h"
#include "unit-rows.h"
#include "updates.h"

extern "C" int napi_throw_error(void* environment, const char* code, const char* message);

extern "C" __attribute__((visibility("default"))) void* napi_register_module_v1(void* environment,
                                                                                void* exports) {
  static std::once_flag once;
  // Node is built without exceptions: none may leave this function.
  try {
    std::call_once(once, [] {
      pixcon::registerBatchNormalization();
      pixcon::registerBatchNormalizationGradient();
      pixcon::registerMaxPoolGradient();
      pixcon::registerHeldTensors();
      pixcon::registerUpdates();
      pixcon::registerUnitRows();
      pixcon::registerSoftmaxTile();
      pixcon::registerReshape();
      pixcon::releaseLoadPages();
    });
  } catch (const std::exception& error) {
    napi_throw_error(environment, nullptr, error.what());
  }
  return exports;
}
