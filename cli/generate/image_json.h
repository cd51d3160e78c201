// How a generated image is told of: inside its PNG, on standard output, in the records of a list.
#pragma once

#include "cli/generate/candidates.h"
#include "cli/generate/work_list.h"
#include "cli/io/json_output.h"
#include "cli/model/chosen_model.h"

namespace janus::cli {

// What settings_text (cli/commands/image_settings.h) takes, but for the image's size where it is enlarged.
Json image_settings(const WorkItem& item, const Candidate& candidate, const ChosenModel& chosen,
                    const CommonOptions& common);

// The record of an image.
Json image_record(const WorkItem& item, const Output& output, const Candidate& candidate,
                  const ChosenModel& chosen, bool with_codes);

// SHA-256 of all that decides what stands at the output in `place`: an earlier run's image is the one asked
// for if it was asked for with the same.
std::string request_sha256(const WorkItem& item, size_t place, const GenerateSettings& settings,
                           const CommonOptions& common);

// Whether the image at `path` says that it was made with the settings that the output in `place` asks for, so
// that it is the same image. Only images that carry their settings do.
bool is_asked_for(const std::string& path, const WorkItem& item, size_t place,
                  const GenerateSettings& settings, const CommonOptions& common);

}  // namespace janus::cli
