// The parts of a model that `janus bench --only` may name.
#pragma once

#include <array>
#include <string_view>

namespace janus::cli {

inline constexpr std::array<std::string_view, 5> kBenchParts{"vision", "prefill", "text_decode",
                                                             "image_decode", "vq_decode"};

}  // namespace janus::cli
