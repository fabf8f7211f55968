#pragma once

namespace pixcon {

void registerSoftmaxTile();

}  // namespace pixcon
