// What an image that settings are taken from was made with, and whether this run has the same.
#pragma once

#include <string>

#include "cli/app/options.h"
#include "cli/model/chosen_model.h"
#include "core/base/json.h"

namespace janus::cli {

// Each text is empty where the image does not tell.
struct MadeWith {
  std::string source;  // "x.png", "prompts.jsonl line 3"
  std::string model, fingerprint, type, version;
};

// What the settings say. Throws Error where they say it in other than texts.
MadeWith made_with(const JsonObject& settings, std::string source);

// One line on how this run differs, so that the same settings may give another image; empty where it does
// not. Where both have a fingerprint, the model's name does not count.
std::string difference_of(const MadeWith& made, const ChosenModel& chosen, const CommonOptions& common);

}  // namespace janus::cli
