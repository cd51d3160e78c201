// The settings of `generate --from IMAGE`.
#pragma once

#include "cli/generate/settings.h"

namespace janus::cli {

// Takes the settings that the image at settings.from holds, but for those that the command line has, and its
// seed into `common`. Of a program that leaves only its text for people (kParametersKeyword), those are taken
// that mean the same here, and a notice names the others. Throws Error for an image without settings, and for
// values that are none of the setting's; UsageError beside --prompts.
void take_settings_of_image(GenerateSettings& settings, CommonOptions& common, Console& console);

}  // namespace janus::cli
