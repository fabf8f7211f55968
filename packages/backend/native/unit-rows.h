#pragma once

namespace pixcon {

void registerUnitRows();

}  // namespace pixcon
