// What made an answer or an image, under the same keys in every record and in the settings of images.
#pragma once

#include "cli/app/options.h"
#include "cli/io/json_output.h"
#include "cli/model/chosen_model.h"

namespace janus::cli {

// {"model", "model_fingerprint", "type", "device", "version"}; `type` is that of --type.
Json provenance_json(const ChosenModel& chosen, const CommonOptions& common);

}  // namespace janus::cli
