#include "cli/io/existing_files.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

#include "cli/app/command.h"
#include "cli/io/file_names.h"
#include "cli/io/output_pattern.h"
#include "core/base/error.h"

namespace janus::cli {
namespace fs = std::filesystem;

void Replacing::settle() {
  const bool overwrite_typed = overwrite && overwrite_option->on_command_line();
  const bool no_clobber_typed = no_clobber && no_clobber_option->on_command_line();
  if (overwrite && no_clobber && overwrite_typed == no_clobber_typed) {
    throw UsageError(
        "option --no-clobber, command line: expected either it or --overwrite, found both; leave one out");
  }
  if (overwrite && no_clobber) (overwrite_typed ? no_clobber : overwrite) = false;
}

void declare_replacing(OptionSet& options, Replacing& target, const std::string& overwrite_help) {
  target.overwrite_option = &options.flag("--overwrite", target.overwrite, overwrite_help);
  target.no_clobber_option =
      &options.flag("--no-clobber", target.no_clobber, "replace no file at all: refuse, before the work");
}

bool is_taken(const std::string& path) {
  struct stat status {};
  if (path == kStandardStream || lstat(path.c_str(), &status) != 0) return false;
  if (S_ISLNK(status.st_mode) && stat(path.c_str(), &status) != 0) return true;
  return S_ISREG(status.st_mode);
}

bool is_there(const std::string& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

std::string numbered_name(const std::string& path, int number) {
  const fs::path whole(path);
  return (whole.parent_path() /
          fmt::format("{}-{}{}", whole.stem().string(), number, whole.extension().string()))
      .string();
}

std::string free_name(const std::string& path) {
  std::string name = path;
  for (int number = 2; is_there(name); ++number) name = numbered_name(path, number);
  return name;
}

std::string free_pattern(const std::string& pattern, int64_t count) {
  for (int number = 2;; ++number) {
    const std::string other = OutputPattern::renamed(pattern, number);
    const OutputPattern names(other, "--output");
    bool free = true;
    for (int64_t k = 0; free && k < count; ++k) free = !is_there(names.path(k, count));
    if (free) return other;
  }
}

std::string shell_word(const std::string& path) {
  const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("/._%+,:=@-").find(c) != std::string_view::npos;
  });
  if (plain) return path;
  std::string word = "'";
  for (const char c : path) word += c == '\'' ? "'\\''" : std::string(1, c);
  return word + "'";
}

void check_not_input(const std::string& output, const std::vector<std::string>& inputs) {
  struct stat there {};
  if (output == kStandardStream || stat(output.c_str(), &there) != 0 || !S_ISREG(there.st_mode)) return;
  for (const std::string& input : inputs) {
    struct stat status {};
    const int fault = input == kStandardStream ? fstat(STDIN_FILENO, &status) : stat(input.c_str(), &status);
    check(fault != 0 || status.st_dev != there.st_dev || status.st_ino != there.st_ino,
          "output, {}: expected another file than the input, found {}; choose another -o", output,
          input == kStandardStream ? "what standard input reads" : input);
  }
}

PlacedOutput::PlacedOutput(const std::string& given, const std::string& name)
    : path(given), made_up(is_folder_name(given)) {
  if (made_up) path = (fs::path(given) / name).string();
}

OutputFile named_output(const std::string& path, const Replacing& replacing,
                        const std::vector<std::string>& inputs) {
  check_not_input(path, inputs);
  check(!replacing.no_clobber || !is_taken(path),
        "output, {}: expected no file there, found one; choose another name, or leave --no-clobber out",
        path);
  return OutputFile(path, replacing.no_clobber ? Existing::kept : Existing::replaced);
}

OutputFile PlacedOutput::open(const Replacing& replacing, const std::vector<std::string>& inputs) const {
  if (!made_up) return named_output(path, replacing, inputs);
  make_folders(folder_of(path));
  check_not_input(path, inputs);
  if (!replacing.overwrite && is_taken(path)) {
    fail("output, {}: expected a free name for what goes into a folder, found a file; give -o {}{}", path,
         shell_word(free_name(path)), replacing.no_clobber ? "" : ", or --overwrite to replace it");
  }
  return OutputFile(path, replacing.overwrite ? Existing::replaced : Existing::kept);
}

}  // namespace janus::cli
