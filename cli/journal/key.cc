#include "cli/journal/key.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/utf8.h"

namespace janus::cli {
namespace {

// Whether ".." behind `path` leads back to where it is in. What is not there counts as a folder.
bool is_plain_folder(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) != 0 || S_ISDIR(status.st_mode);
}

// The current folder as keys spell it: by the system, and by the shell where that went through a link.
std::vector<std::string> current_folders() {
  std::vector<std::string> folders;
  std::error_code fault;
  const std::filesystem::path system = std::filesystem::current_path(fault);
  if (!fault) folders.push_back(clean_path(system.string()));
  const char* shell = std::getenv("PWD");
  const bool valid =
      shell != nullptr && *shell == '/' && std::filesystem::equivalent(shell, ".", fault) && !fault;
  if (valid) folders.push_back(clean_path(shell));
  for (std::string& folder : folders) folder = key_of_path(folder);
  return folders;
}

constexpr std::string_view kEscape = "\\x";
constexpr size_t kEscapeLength = 4;  // "\xff"

// The byte that the escape at the front of `text` stands for; nothing where none is there.
std::optional<char> escaped_byte(std::string_view text) {
  unsigned byte = 0;
  if (!text.starts_with(kEscape) || text.size() < kEscapeLength) return std::nullopt;
  const char* digits = text.data() + kEscape.size();
  const char* end = text.data() + kEscapeLength;
  return std::from_chars(digits, end, byte, 16).ptr == end ? std::optional(static_cast<char>(byte))
                                                           : std::nullopt;
}

bool is_shorter(const std::string& a, const std::string& b) { return a.size() < b.size(); }

}  // namespace

std::string clean_path(const std::string& path) {
  const bool absolute = path.starts_with('/');
  std::string clean = absolute ? "/" : "";
  for (size_t at = 0; at < path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = std::string_view(path).substr(at, end - at);
    at = end + 1;
    if (part.empty() || part == ".") continue;
    const size_t slash = clean.rfind('/');
    const std::string_view last =
        slash == std::string::npos ? std::string_view(clean) : std::string_view(clean).substr(slash + 1);
    if (part == ".." && clean == "/") continue;  // nothing is above it
    if (part == ".." && !last.empty() && last != ".." && is_plain_folder(clean)) {
      clean.erase(slash == std::string::npos ? 0 : slash + (slash == 0 ? 1 : 0));
      continue;
    }
    if (!clean.empty() && clean.back() != '/') clean += '/';
    clean += part;
  }
  return clean.empty() ? "." : clean;
}

std::string key_of_path(const std::string& path) {
  if (is_utf8(path) && path.find(kEscape) == path.npos) return path;
  std::string key;
  for (std::string_view rest = path; !rest.empty();) {
    const Utf8Char front = utf8_front(rest);
    const std::string_view bytes = rest.substr(0, front.length);
    if (front.well_formed && !escaped_byte(rest)) {
      key += bytes;
    } else {
      for (const char byte : bytes) key += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
    rest.remove_prefix(front.length);
  }
  return key;
}

std::string path_of_key(const std::string& key) {
  std::string path;
  for (size_t i = 0; i < key.size(); ++i) {
    const std::optional<char> byte = escaped_byte(std::string_view(key).substr(i));
    path += byte.value_or(key[i]);
    if (byte) i += kEscapeLength - 1;
  }
  return path;
}

std::string identity_of_key(const std::string& key) {
  static const std::vector<std::string> kFolders = current_folders();
  std::string clean = clean_path(key);
  if (clean == ".." || clean.starts_with("../")) {
    if (kFolders.empty()) return clean;
    // The system's current folder has no links in it: each ".." is one name less.
    std::string above = kFolders.front();
    while (clean == ".." || clean.starts_with("../")) {
      above.erase(above.rfind('/'));
      if (above.empty()) above = "/";
      clean.erase(0, 3);
    }
    clean = clean_path(above + "/" + clean);
  }
  if (!clean.starts_with('/')) return clean;
  std::string shortest = clean;
  for (const std::string& folder : kFolders) {
    const std::string inside = folder == "/" ? folder : folder + "/";
    if (clean == folder) return ".";
    if (clean.starts_with(inside)) shortest = std::min(shortest, clean.substr(inside.size()), is_shorter);
  }
  return shortest;
}

}  // namespace janus::cli
