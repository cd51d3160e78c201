#include "cli/hub/repository.h"

#include <algorithm>
#include <cctype>

namespace janus::hub {
namespace {

constexpr size_t kLongestPart = 96;  // as the hub has it
constexpr size_t kLongestRevision = 255;

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// Source: huggingface_hub, utils/_validators.py, validate_repo_id.
bool is_part(std::string_view text) {
  if (text.empty() || text.size() > kLongestPart) return false;
  const bool known =
      std::all_of(text.begin(), text.end(), [](char c) { return is_word(c) || c == '-' || c == '.'; });
  return known && is_word(text.front()) && is_word(text.back()) && !holds(text, "--") && !holds(text, "..") &&
         !text.ends_with(".git");
}

// A revision becomes a path below refs/ of the cache.
bool is_revision(std::string_view text) {
  if (text.empty() || text.size() > kLongestRevision) return false;
  const bool known = std::all_of(text.begin(), text.end(), [](char c) {
    return is_word(c) || c == '-' || c == '.' || c == '/' || c == '+';
  });
  return known && is_word(text.front()) && is_word(text.back()) && !holds(text, "..") && !holds(text, "//") &&
         !holds(text, "/.");
}

}  // namespace

std::string Repository::to_string() const { return revision == kMain ? id() : id() + "@" + revision; }

std::optional<Repository> parse_repository(std::string_view text) {
  Repository repository;
  const size_t at = text.find('@');
  if (at != std::string_view::npos) {
    repository.revision = text.substr(at + 1);
    text = text.substr(0, at);
  }
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  repository.owner = text.substr(0, slash);
  repository.name = text.substr(slash + 1);
  const bool fits = is_part(repository.owner) && is_part(repository.name) && is_revision(repository.revision);
  return fits ? std::optional(repository) : std::nullopt;
}

bool is_hex(std::string_view text, size_t least, size_t most) {
  return text.size() >= least && text.size() <= most && std::all_of(text.begin(), text.end(), [](char c) {
           return std::isxdigit(static_cast<unsigned char>(c)) != 0;
         });
}

}  // namespace janus::hub
