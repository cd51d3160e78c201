// Settings that are taken from images, by `generate --from IMAGE` or as lines of a list.
#pragma once

#include <string>
#include <vector>

#include "cli/generate/work_list.h"

namespace janus::cli {

// Takes the settings that the image at settings.from holds, but for those that the command line has, and its
// seed into `common`. Of a program that leaves only its text for people (kParametersKeyword), those are taken
// that mean the same here, and a notice names the others. Throws Error for an image without settings, and for
// values that are none of the setting's; UsageError beside --prompts.
void take_settings_of_image(GenerateSettings& settings, CommonOptions& common, Console& console);

// One line on what this run has that the images whose settings were taken were not made with; empty where
// there is nothing.
std::string differences(const std::vector<WorkItem>& work, const ChosenModel& chosen,
                        const CommonOptions& common);

}  // namespace janus::cli
