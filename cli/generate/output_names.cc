#include "cli/generate/output_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "cli/app/command.h"
#include "cli/io/existing_files.h"
#include "cli/io/file_names.h"
#include "cli/io/image_output.h"

namespace janus::cli {
namespace fs = std::filesystem;
namespace {

constexpr const char* kListPattern = "%05d.png";

// "a-red-circle-42": the seed makes the image again. The seeds of the best are not known before the work.
std::string made_name(const WorkItem& item, const Numbers& numbers) {
  const std::string name = name_from_text(item.prompt);
  if (!item.best_of) return fmt::format("{}-{}", name, item.seed + static_cast<uint32_t>(numbers.place));
  const std::string best = fmt::format("{}-{}-best-of-{}", name, item.seed, item.count);
  return numbers.kept == 1 ? best : fmt::format("{}-{:03}", best, numbers.place);
}

}  // namespace

std::string list_output(const std::string& output) {
  return is_folder_name(output) ? (fs::path(output) / kListPattern).string() : output;
}

std::string records_path(const GenerateSettings& settings) {
  if (!settings.records.empty()) return settings.records;
  return (fs::path(list_output(settings.output)).parent_path() / kRecordsName).string();
}

OutputNames::OutputNames(const GenerateSettings& settings) : on_stream_(settings.output == kStandardStream) {
  const bool list = !settings.prompts.empty();
  if (!list && (settings.output.empty() || is_folder_name(settings.output))) {
    folder_ = settings.output;
  } else {
    const std::string pattern = list ? list_output(settings.output) : settings.output;
    if (!image_format_of(pattern) && !fs::path(pattern).has_extension() && pattern != kStandardStream) {
      throw UsageError(
          fmt::format("option --output, command line: expected a name that ends in one of {}, or a folder, "
                      "found \"{}\"; give -o {} for a folder",
                      writable_extensions(), pattern, shell_word(pattern + "/")));
    }
    output_image_format(pattern, "--output");
    images_.emplace(pattern, "--output");
    list_folder_ = fs::path(pattern).parent_path().string();
  }
  if (settings.codes_output.empty()) return;
  if (is_folder_name(settings.codes_output)) {
    codes_folder_ = settings.codes_output;
  } else {
    const std::string& name = settings.codes_output;
    if (name != kStandardStream && !has_extension(name, ".json") && !has_extension(name, ".npy")) {
      throw UsageError(
          fmt::format("option --codes-out, command line: expected a name that ends in .json, or in .npy for "
                      "JanusFlow's latents, found \"{}\"; rename it, or use - for standard output",
                      name));
    }
    codes_.emplace(settings.codes_output, "--codes-out");
  }
}

Output OutputNames::output(const WorkItem& item, const Numbers& numbers, const std::string& own) const {
  Output output;
  output.index = numbers.index;
  output.image_made_up = output.codes_made_up = true;
  if (!own.empty()) {
    const OutputPattern pattern((fs::path(list_folder_) / own).string(), "--prompts");
    output.image = pattern.path(numbers.place, numbers.kept);
  } else if (images_) {
    output.image = images_->path(numbers.index, numbers.all);
    output.image_made_up = images_->numbered() || numbers.all > 1;
  } else {
    output.image = (fs::path(folder_) / (made_name(item, numbers) + ".png")).string();
  }
  if (codes_) {
    output.codes = codes_->path(numbers.index, numbers.all);
    output.codes_made_up = codes_->numbered() || numbers.all > 1;
  } else if (!codes_folder_.empty()) {
    const std::string name = on_stream_ ? made_name(item, numbers) : name_from_input(output.image);
    output.codes = (fs::path(codes_folder_) / (name + ".json")).string();
  }
  return output;
}

void make_names_free(std::vector<WorkItem>& work) {
  std::vector<Output>& outputs = work.front().outputs;
  const std::vector<Output> first = outputs;
  const auto taken = [](const Output& output) { return is_there(output.image); };
  for (int number = 2; std::any_of(outputs.begin(), outputs.end(), taken); ++number) {
    for (size_t k = 0; k < outputs.size(); ++k) outputs[k].image = numbered_name(first[k].image, number);
  }
}

}  // namespace janus::cli
