#include "cli/io/file_names.h"

#include <filesystem>

#include "cli/io/output_file.h"
#include "core/base/error.h"
#include "core/base/remedy.h"
#include "core/base/utf8.h"
#include "tokenizer/text/char_class.h"

namespace janus::cli {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostCharacters = 60, kMostBytes = 180;

}  // namespace

bool is_folder_name(const std::string& path) {
  if (path.empty() || path == kStandardStream) return false;
  std::error_code fault;
  return path.back() == '/' || fs::is_directory(path, fault);
}

void make_folders(const std::string& folder) {
  std::error_code fault;
  if (fs::is_directory(folder, fault)) return;
  // A "/" at the end would be one more folder, without a name.
  fs::path path(folder);
  if (!path.has_filename()) path = path.parent_path();
  fs::create_directories(path, fault);
  check(!fault && fs::is_directory(path, fault),
        "output, {}: expected a folder that is there or can be made, found: {}; {}", folder,
        fault ? fault.message() : "a file of that name", remedy_of(fault.value(), "choose another -o"));
}

std::string name_from_text(std::string_view text) {
  std::string name;
  size_t characters = 0, last_word = 0;  // bytes up to the end of the last whole word
  bool gap = false;
  while (!text.empty()) {
    const Utf8Char next = utf8_front(text);
    const std::string_view bytes = text.substr(0, next.length);
    text.remove_prefix(next.length);
    if (!next.well_formed || !is_word(next.code_point)) {
      gap = true;
      continue;
    }
    if (gap && !name.empty()) {
      last_word = name.size();
      name += '-';
      ++characters;
    }
    gap = false;
    if (characters + 1 > kMostCharacters || name.size() + bytes.size() > kMostBytes) {
      name.resize(last_word > 0 ? last_word : name.size());
      break;
    }
    name += bytes;
    ++characters;
  }
  return name.empty() ? "image" : name;
}

std::string name_from_input(const std::string& path) {
  if (path == kStandardStream) return "stdin";
  fs::path name(path);
  if (!name.has_filename()) name = name.parent_path();
  return name.stem().string();
}

}  // namespace janus::cli
