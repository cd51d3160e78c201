#include "core/base/finite.h"

#include <bit>
#include <cstdint>

namespace janus {

bool all_finite(std::span<const float> values) {
  // On the bits, so that the loop becomes vectors whatever the compiler may assume of floats.
  constexpr uint32_t kExponent = 0x7F800000U;
  uint32_t found = 0;
  for (const float value : values)
    found |= static_cast<uint32_t>((std::bit_cast<uint32_t>(value) & kExponent) == kExponent);
  return found == 0;
}

void fail_not_finite(std::string_view part) {
  throw NotFinite(fmt::format(
      "model, {}: expected finite numbers, found others; its weights are damaged, or too large for their "
      "type: janus info --verify names a damaged one, whose file is to be fetched again, and --type f32 has "
      "room for all",
      part));
}

}  // namespace janus
