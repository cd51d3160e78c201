// Names of models on the hub: owner/repo[@revision].
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace janus::hub {

// The branch that is meant where no revision is given.
inline constexpr const char* kMain = "main";

struct Repository {
  std::string owner, name;
  std::string revision = kMain;  // a branch, a tag, or a commit, whole or its beginning

  std::string id() const { return owner + "/" + name; }
  std::string to_string() const;  // "owner/repo", "owner/repo@revision"
};

// Nothing unless `text` is one: letters, digits, '-', '_' and '.', as the hub allows them.
std::optional<Repository> parse_repository(std::string_view text);

// The repository, "owner/repo", that somebody may have meant by a text that is none, or that is of no
// repository known: the one of an address of a web page, or the released Janus model that is near, whether
// or not its owner stands before it. Empty where none is.
std::string meant_repository(std::string_view text);

// Whether `text` is hexadecimal, of `least` to `most` digits.
bool is_hex(std::string_view text, size_t least, size_t most);

}  // namespace janus::hub
