#pragma once

namespace pixcon {

void registerReshape();

}  // namespace pixcon
