#include "cli/model/builtin_notice.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>

#include "cli/io/state_folder.h"

namespace janus::cli {
namespace {

namespace fs = std::filesystem;

// Empty where the environment names no place: a program without a home leaves nothing behind.
fs::path stamp_path() {
  const std::string folder = state_folder();
  return folder.empty() ? fs::path() : fs::path(folder) / "builtin-notice";
}

bool told_within_the_hour(const fs::path& stamp) {
  std::error_code fault;
  const auto written = fs::last_write_time(stamp, fault);
  if (fault) return false;
  const auto age = fs::file_time_type::clock::now() - written;
  return age >= age.zero() && age < std::chrono::hours(1);
}

void remember(const fs::path& stamp) {
  std::error_code ignored;
  fs::create_directories(stamp.parent_path(), ignored);
  std::ofstream(stamp, std::ios::trunc) << "The time of this file is when janus last said so.\n";
}

}  // namespace

bool is_builtin(const std::string& model) { return model.empty() || model == kBuiltinName; }

std::string name_of_model(const std::string& model) { return model.empty() ? kBuiltinName : model; }

void tell_builtin(const CommonOptions& options, Console& console, const std::string& limits) {
  if (!options.model.empty() || options.quiet || options.builtin_notice == "never") return;
  if (options.builtin_notice == "hourly") {
    const fs::path stamp = stamp_path();
    if (!stamp.empty() && told_within_the_hour(stamp)) return;
    if (!stamp.empty()) remember(stamp);
  }
  console.notice(fmt::format("no -m given: using the built-in {}{}", kBuiltinName, limits));
}

}  // namespace janus::cli
