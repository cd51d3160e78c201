// How a Janus model's files say that images are prepared, and its prompts built: docs/checkpoint.md lists
// every key.
#pragma once

#include "core/checkpoint/file_set.h"
#include "vision/image.h"
#include "vision/siglip.h"

namespace janus {

// Reads `image_processor` of processor_config.json, which transformers 5 writes and prefers as a whole, or
// else preprocessor_config.json. A key that is absent has the default of both reference processors; where
// neither stands in the folder, the released models' settings count. Throws Error with file and key for a
// value that is not done, or makes no sense, or is not what the vision tower takes.
PreprocessConfig read_image_settings(const FileSet& files, const SiglipConfig& vision);

// What processor_config.json says besides.
struct ProcessorSettings {
  bool system_prompt = true;  // before the first question
};

// Throws Error where the file asks for other prompts than this family makes.
ProcessorSettings read_processor(const FileSet& files, const SiglipConfig& vision);

}  // namespace janus
