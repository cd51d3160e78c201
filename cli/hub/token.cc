#include "cli/hub/token.h"

#include <algorithm>
#include <filesystem>

#include "cli/hub/environment.h"
#include "core/base/error.h"
#include "core/base/read_file.h"

namespace janus::hub {
namespace {

constexpr size_t kMost_bytes = 1 << 16;

std::string trimmed(std::string text) {
  constexpr const char* kSpace = " \t\r\n";
  text.erase(0, text.find_first_not_of(kSpace));
  text.erase(text.find_last_not_of(kSpace) + 1);
  return text;
}

std::string token_path() {
  std::string path = path_variable("HF_TOKEN_PATH");
  if (!path.empty()) return path;
  const std::string home = hugging_face_home();
  return home.empty() ? "" : home + "/token";
}

Token token_of_file(const std::function<void(const std::string&)>& notice) {
  const std::string path = token_path();
  std::error_code fault;
  const auto kind = std::filesystem::status(path, fault).type();
  if (path.empty() || kind == std::filesystem::file_type::not_found) return {};
  try {
    return {.text = trimmed(read_file(path, "hub token, " + path, kMost_bytes)), .source = path};
  } catch (const Error& error) {
    notice(fmt::format("{}; going on without a token", error.what()));
    return {};
  }
}

}  // namespace

Token find_token(const std::function<void(const std::string&)>& notice) {
  if (is_on(variable("HF_HUB_DISABLE_IMPLICIT_TOKEN"))) return {};
  Token token;
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
    token = {.text = trimmed(variable(name)), .source = std::string("$") + name};
    if (!token.text.empty()) break;
  }
  if (token.text.empty()) token = token_of_file(notice);
  const bool printable =
      std::all_of(token.text.begin(), token.text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  check(printable, "hub, {}: expected a token of printable ASCII, found other characters; copy it anew",
        token.source);
  return token.text.empty() ? Token{} : token;
}

}  // namespace janus::hub
