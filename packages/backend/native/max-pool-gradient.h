#pragma once

namespace pixcon {

void registerMaxPoolGradient();

}  // namespace pixcon
