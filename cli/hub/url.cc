#include <fmt/format.h>

#include <cctype>
#include <string_view>

#include "cli/hub/http.h"

namespace janus::hub {

std::string url_encoded(const std::string& text, bool keep_slashes) {
  constexpr std::string_view kPlain = "-._~";
  std::string encoded;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte < 0x80 && (std::isalnum(byte) != 0 || kPlain.find(c) != std::string_view::npos);
    if (plain || (c == '/' && keep_slashes)) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", byte);
    }
  }
  return encoded;
}

}  // namespace janus::hub
