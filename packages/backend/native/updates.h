#pragma once

namespace pixcon {

void registerMomentumUpdate();
void registerMoveTowards();

}  // namespace pixcon
