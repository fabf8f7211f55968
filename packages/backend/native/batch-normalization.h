#pragma once

namespace pixcon {

void registerBatchNormalization();
void registerBatchNormalizationGradient();

}  // namespace pixcon
