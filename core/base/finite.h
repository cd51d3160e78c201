// Whether what was computed are numbers: weights that are damaged, or leave the range of their type, show
// there.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace janus {

// Whether no value is infinite or not a number.
bool all_finite(std::span<const float> values);

struct NotFinite : Error {
  using Error::Error;
};

// Throws the NotFinite of a part of a model that computed something else, with what to do.
[[noreturn]] void fail_not_finite(std::string_view part);
// The same unless all values are finite.
inline void check_finite(std::span<const float> values, std::string_view part) {
  if (!all_finite(values)) fail_not_finite(part);
}

}  // namespace janus
