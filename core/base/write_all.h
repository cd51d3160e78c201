// The one loop that writes to a descriptor.
#pragma once

#include <cstddef>
#include <span>

namespace janus {

// Writes all of it, or stops at the first failure: 0 or errno.
int write_all(int descriptor, std::span<const std::byte> bytes);

}  // namespace janus
