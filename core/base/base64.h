// Base64 (RFC 4648): bytes as text.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace janus {

// With padding, without line breaks.
std::string to_base64(std::span<const std::byte> bytes);

// The bytes that `text` stands for. Line breaks and spaces are passed over, padding may be missing, and the
// alphabet may be that of URLs. Nothing for any other character, for padding elsewhere than at the end, and
// for a length that no bytes have.
std::optional<std::vector<std::byte>> from_base64(std::string_view text);

}  // namespace janus
