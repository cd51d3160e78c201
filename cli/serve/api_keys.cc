#include "cli/serve/api_keys.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/base/base64.h"
#include "core/base/digest.h"
#include "core/base/error.h"
#include "core/base/read_file.h"
#include "core/base/strip.h"

namespace janus::cli {
namespace {

// What stands behind "SCHEME " in a field Authorization; empty for another scheme.
std::string credentials(const std::string& field, std::string_view scheme) {
  if (field.size() <= scheme.size() || field[scheme.size()] != ' ') return {};
  if (ascii_lower(field.substr(0, scheme.size())) != scheme) return {};
  return std::string(strip(field.substr(scheme.size())));
}

std::string shown_key(const HttpRequest& request) {
  if (const auto own = request.headers.find("x-api-key"); own != request.headers.end()) return own->second;
  const auto found = request.headers.find("authorization");
  if (found == request.headers.end()) return {};
  if (std::string bearer = credentials(found->second, "bearer"); !bearer.empty()) return bearer;
  const auto user = from_base64(credentials(found->second, "basic"));
  if (!user) return {};
  const std::string text(reinterpret_cast<const char*>(user->data()), user->size());
  const size_t colon = text.find(':');
  return colon == std::string::npos ? "" : text.substr(colon + 1);
}

}  // namespace

ApiKeys ApiKeys::read(const std::string& path) {
  ApiKeys keys;
  constexpr size_t kMostBytes = 1 << 20;
  const std::string text = read_file(path, "keys, " + path, kMostBytes);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string key(strip(text.substr(at, end - at)));
    at = end + 1;
    if (!key.empty() && key[0] != '#') keys.digests_.push_back(sha256_of(key));
  }
  check(keys.needed(),
        "keys, {}: expected a key a line, found none; write one, as openssl rand -hex 32 prints", path);
  return keys;
}

bool ApiKeys::holds(const std::string& key) const {
  const std::string digest = sha256_of(key);
  bool found = false;
  for (const std::string& one : digests_) {
    unsigned differs = 0;
    for (size_t i = 0; i < digest.size(); ++i) {
      differs |= static_cast<unsigned char>(one[i]) ^ static_cast<unsigned char>(digest[i]);
    }
    found = found || differs == 0;
  }
  return found;
}

bool ApiKeys::admit(const HttpRequest& request) const { return !needed() || holds(shown_key(request)); }

}  // namespace janus::cli
