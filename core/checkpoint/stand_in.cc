#include "core/checkpoint/stand_in.h"

#include <algorithm>
#include <string_view>

#include "core/base/ascii.h"
#include "core/base/error.h"
#include "core/base/json.h"

namespace janus {
namespace {

bool is_web_page(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
  if (begin == text.npos) return false;
  const std::string start = ascii_lower(std::string(text.substr(begin, 16)));
  for (const char* tag : {"<!doctype html", "<html", "<head", "<!--", "<?xml"}) {
    if (start.starts_with(tag)) return true;
  }
  return false;
}

// The hub's answers to those who may not have a file, or ask for none.
bool is_refusal(std::string_view text) {
  for (const char* begin :
       {"Entry not found", "Invalid username or password", "Access to model", "Repository not found",
        "Invalid credentials", "Cannot access gated repo", "404: Not Found", "{\"error\":"}) {
    if (text.starts_with(begin)) return true;
  }
  return false;
}

}  // namespace

void check_no_stand_in(std::span<const std::byte> bytes, const std::string& where) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()),
                              std::min<size_t>(bytes.size(), 1024));
  check(!text.starts_with("version https://git-lfs"),
        "{}: expected the file itself, found a Git LFS pointer to it; fetch it with `git lfs pull` in the "
        "repository, or download it again",
        where);
  check(
      !text.starts_with("# xet version"),
      "{}: expected the file itself, found a Xet pointer to it; download it with `hf download` or janus pull",
      where);
  check(!text.starts_with("/annex/objects/") && !text.starts_with("../.git/annex/objects/"),
        "{}: expected the file itself, found a git-annex pointer to it; fetch it with `git annex get`",
        where);
  check(!is_web_page(text),
        "{}: expected the file itself, found a web page saved in its place; download the file, whose address "
        "on the hub has /resolve/ where the page's has /blob/",
        where);
  check(!is_refusal(text),
        "{}: expected the file itself, found a server's refusal saved in its place ({}); download it again, "
        "with a token if the repository asks for one",
        where, excerpt(std::string(text.substr(0, text.find('\n'))), 80));
}

}  // namespace janus
