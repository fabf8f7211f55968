// A Node-API addon without functions: loading it adds operations to the TensorFlow of this process.

#include <cstdio>
#include <exception>
#include <mutex>

#include "batch-normalization.h"
#include "held-tensors.h"
#include "load-pages.h"
#include "max-pool-gradient.h"
#include "unit-rows.h"
#include "updates.h"

extern "C" __attribute__((visibility("default"))) void* napi_register_module_v1(void* /*environment*/,
                                                                                void* exports) {
  static std::once_flag once;
  std::call_once(once, [] {
    pixcon::registerBatchNormalization();
    pixcon::registerBatchNormalizationGradient();
    pixcon::registerMaxPoolGradient();
    pixcon::registerHeldTensors();
    pixcon::registerUpdates();
    pixcon::registerUnitRows();
    pixcon::releaseLoadPages();
  });
  return exports;
}
