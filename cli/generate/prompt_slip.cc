#include "cli/generate/prompt_slip.h"

#include <filesystem>

#include "cli/io/existing_files.h"
#include "cli/io/output_file.h"
#include "core/base/error.h"
#include "vision/image_file.h"

namespace janus::cli {

void check_no_path(const std::string& prompt) {
  std::error_code fault;
  if (!std::filesystem::is_regular_file(prompt, fault)) return;
  const bool list = has_extension(prompt, ".txt") || has_extension(prompt, ".jsonl") ||
                    has_extension(prompt, ".ndjson") || has_extension(prompt, ".json");
  check(!list,
        "prompt, command line: expected words, found the file {0}; its lines are drawn with --prompts {1}",
        prompt, shell_word(prompt));
  check(!image_format_of(prompt).has_value(),
        "prompt, command line: expected words, found the picture {0}; its name goes behind -o, and janus "
        "describe {1} tells what it shows",
        prompt, shell_word(prompt));
}

}  // namespace janus::cli
