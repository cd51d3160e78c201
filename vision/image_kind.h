// What image a file is by its first bytes, for those who choose among files before one of them is read whole.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace janus {

struct ImageKind {
  std::string name;       // as people call it: "JPEG", "HEIC"
  bool readable = false;  // whether decode_image() reads such files
};

// The bytes that tell most kinds.
inline constexpr size_t kImageKindBytes = 2048;

// Nothing for what is no image, or none that is known. `head`: the file's first bytes, or all of it.
std::optional<ImageKind> image_kind_of(std::span<const std::byte> head);

}  // namespace janus
