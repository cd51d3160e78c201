#include "cli/hub/repository.h"

#include <algorithm>
#include <cctype>
#include <utility>
#include <vector>

#include "core/base/ascii.h"
#include "core/base/near_name.h"

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

// ASCII digits alone.
std::string digits_of(std::string text) {
  std::erase_if(text, [](unsigned char c) { return std::isdigit(c) == 0; });
  return text;
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

std::string meant_repository(std::string_view text) {
  constexpr std::string_view kScheme = "://";
  if (const size_t scheme = text.find(kScheme); scheme != std::string_view::npos) {
    text.remove_prefix(scheme + kScheme.size());
    const size_t owner = text.find('/'), name = text.find('/', owner + 1);
    if (owner == std::string_view::npos || name == std::string_view::npos) return {};
    const std::string_view id = text.substr(owner + 1, text.find_first_of("/?#", name + 1) - owner - 1);
    return parse_repository(id) ? std::string(id) : "";
  }
  static const std::vector<std::pair<std::string, std::string>> released{
      {"deepseek-community", "Janus-Pro-1B"}, {"deepseek-community", "Janus-Pro-7B"},
      {"deepseek-ai", "Janus-Pro-1B"},        {"deepseek-ai", "Janus-Pro-7B"},
      {"deepseek-ai", "Janus-1.3B"},          {"deepseek-ai", "JanusFlow-1.3B"}};
  const std::string asked = ascii_lower(std::string(text));
  const size_t slash = asked.find('/');
  const std::string owner = slash == std::string::npos ? "" : asked.substr(0, slash);
  const std::string name = asked.substr(slash + 1);  // npos + 1 is 0
  for (const auto& [its_owner, its_name] : released) {
    const bool owner_fits = owner.empty() || !near_name(owner, {its_owner}).empty();
    // Digits tell one from the other: 1B, 7B.
    if (owner_fits && name.size() + 1 >= its_name.size() &&
        !near_name(name, {ascii_lower(its_name)}).empty() && digits_of(name) == digits_of(its_name))
      return its_owner + "/" + its_name;
  }
  return {};
}

bool is_hex(std::string_view text, size_t least, size_t most) {
  return text.size() >= least && text.size() <= most && std::all_of(text.begin(), text.end(), [](char c) {
           return std::isxdigit(static_cast<unsigned char>(c)) != 0;
         });
}

}  // namespace janus::hub
