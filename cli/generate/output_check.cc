#include "cli/generate/output_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "cli/generate/image_json.h"
#include "cli/generate/output_names.h"
#include "cli/io/existing_files.h"
#include "cli/io/file_names.h"
#include "cli/io/text_input.h"
#include "core/base/error.h"

namespace janus::cli {
namespace fs = std::filesystem;
namespace {

// What a run may not replace, and where it was found.
struct Taken {
  std::vector<std::string> names;
  bool images = false;  // or codes alone
};

std::vector<std::string> inputs_of(const GenerateSettings& settings) {
  return settings.prompts.empty() ? std::vector<std::string>{} : std::vector<std::string>{settings.prompts};
}

// Another OUT, or another --codes-out, of which all names are free.
std::string free_output(const GenerateSettings& settings, const std::string& given, const Taken& taken,
                        int64_t count) {
  if (!is_folder_name(given)) return free_pattern(given, count);
  if (settings.prompts.empty() && count == 1) return free_name(taken.names.front());
  const std::string folder = fs::path(given).has_filename() ? given : fs::path(given).parent_path().string();
  return free_name(folder == "." || folder == ".." ? folder + "/images" : folder) + "/";
}

[[noreturn]] void refuse(const GenerateSettings& settings, const Taken& taken, int64_t count) {
  const std::string& given = taken.images ? settings.output : settings.codes_output;
  const size_t others = taken.names.size() - 1;
  fail(
      "output, {}: expected a free name, as janus numbers or makes it, found a file of other making{}; "
      "give {} {}{}",
      taken.names.front(), others == 0 ? "" : fmt::format(", and {} more so", others),
      taken.images ? "-o" : "--codes-out", shell_word(free_output(settings, given, taken, count)),
      settings.replacing.no_clobber ? "" : ", or --overwrite to replace");
}

}  // namespace

void try_outputs(const std::vector<WorkItem>& work, const GenerateSettings& settings) {
  const bool list = !settings.prompts.empty();
  for (const std::string& folder : {settings.output, settings.codes_output}) {
    if (is_folder_name(folder)) make_folders(folder);
  }
  std::set<std::string> folders;
  for (const WorkItem& item : work) {
    for (const Output& output : item.outputs) {
      for (const std::string& path : {output.image, output.codes}) {
        if (path.empty()) continue;
        if (list && !folders.insert(folder_of(path)).second) continue;
        if (list && is_folder_name(settings.output) && path == output.image) make_folders(folder_of(path));
        OutputFile{path};
      }
    }
  }
}

void check_existing(std::vector<WorkItem>& work, const GenerateSettings& settings,
                    const CommonOptions& common, const std::function<std::string()>& fingerprint) {
  const Replacing& replacing = settings.replacing;
  const std::vector<std::string> inputs = inputs_of(settings);
  Taken taken_images, taken_codes;
  int64_t count = 0;
  for (WorkItem& item : work) {
    count += static_cast<int64_t>(item.outputs.size());
    for (size_t place = 0; place < item.outputs.size(); ++place) {
      if (!item.wanted[place]) continue;
      Output& output = item.outputs[place];
      const bool image_there = is_taken(output.image), codes_there = is_taken(output.codes);
      if (image_there) check_not_input(output.image, inputs);
      if (codes_there) check_not_input(output.codes, inputs);
      if (image_there && !output.image_made_up) named_output(output.image, replacing, inputs);
      if (codes_there && !output.codes_made_up) named_output(output.codes, replacing, inputs);
      const bool own =
          replacing.overwrite || (!replacing.no_clobber && image_there &&
                                  is_asked_for(output.image, item, place, settings, common, fingerprint));
      output.replaces_image = own || (!output.image_made_up && !replacing.no_clobber);
      output.replaces_codes = own || (!output.codes_made_up && !replacing.no_clobber);
      // What may be replaced by the rule may still be write-protected.
      if (image_there && output.replaces_image) OutputFile{output.image};
      if (codes_there && output.replaces_codes) OutputFile{output.codes};
      if (image_there && !output.replaces_image) taken_images.names.push_back(output.image);
      if (codes_there && !output.replaces_codes) taken_codes.names.push_back(output.codes);
    }
  }
  taken_images.images = true;
  if (!taken_images.names.empty()) refuse(settings, taken_images, count);
  if (!taken_codes.names.empty()) refuse(settings, taken_codes, count);
}

void check_companions(const std::vector<WorkItem>& work, const Replacing& replacing) {
  if (replacing.overwrite) return;
  for (const WorkItem& item : work) {
    for (const Companion& companion : item.beside) {
      if (!is_there(companion.path)) continue;
      check(read_text(companion.path, "output") == companion.text,
            "output, {}: expected the text that this list gives it, found another; give another folder as "
            "-o, or --overwrite to replace",
            companion.path);
    }
  }
}

}  // namespace janus::cli
