// How a generated image is told of: inside its file, on standard output, in the records of a list.
#pragma once

#include <functional>
#include <string>

#include "cli/generate/candidates.h"
#include "cli/generate/work_list.h"
#include "cli/io/json_output.h"
#include "cli/model/chosen_model.h"

namespace janus::cli {

// What settings_text (generator/settings_text.h) takes, of an image in a file of this format.
Json image_settings(const WorkItem& item, const Candidate& candidate, ImageFormat format,
                    const ChosenModel& chosen, const CommonOptions& common);

// The record of an image. printed: for --json, with the codes, and cfg_scale under its old name as well,
// which scripts read.
Json image_record(const WorkItem& item, const Output& output, const Candidate& candidate,
                  const ChosenModel& chosen, const CommonOptions& common, bool printed);

// SHA-256 of all that decides what stands at the output in `place`, the model by this name: an earlier run's
// image is the one asked for if it was asked for with the same.
std::string request_sha256(const WorkItem& item, size_t place, const GenerateSettings& settings,
                           const CommonOptions& common, const std::string& model);

// Throws Error where the line of the output in `place`, in the records at `records`, is of another request or
// of another model. fingerprint: of the model of this run, which throws Error where there is none: what its
// name made is done then.
void check_record(const std::string& line, const std::string& records, const WorkItem& item, size_t place,
                  const GenerateSettings& settings, const CommonOptions& common,
                  const std::function<std::string()>& fingerprint);

// Whether the image at `path` says that it was made with the settings that the output in `place` asks for, so
// that it is the same image. fingerprint: of the model of this run, asked for where the image tells that of
// its own.
bool is_asked_for(const std::string& path, const WorkItem& item, size_t place,
                  const GenerateSettings& settings, const CommonOptions& common,
                  const std::function<std::string()>& fingerprint);

}  // namespace janus::cli
