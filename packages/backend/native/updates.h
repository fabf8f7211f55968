#pragma once

namespace pixcon {

void registerUpdates();

}  // namespace pixcon
