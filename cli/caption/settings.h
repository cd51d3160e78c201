// What janus caption was asked for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/app/sampling_options.h"
#include "cli/caption/text_rules.h"
#include "cli/io/existing_files.h"
#include "cli/sources/settings.h"
#include "generator/engine/engine_options.h"

namespace janus::cli {

// One question about every image; a run with one question may leave its name empty.
struct Ask {
  std::string name = {}, prompt = {};
  TextRules rules = {};
};

struct CaptionSettings {
  SourceSettings sources;
  std::vector<Ask> asks;
  std::string output;             // "" = none, "-" = standard output
  std::string sidecar;            // extension, or ""
  bool sidecar_anywhere = false;  // also of what lists name elsewhere (SidecarPlaces)
  std::string csv;                // path, or ""
  Replacing replacing;
  bool retry_errors = false, mixed = false, prune = false;
  SamplingSettings sampling{AnswerRequest{}.sampling};
  bool special_tokens = false;
  int draft = kAutoWindow;
  int64_t batch = 4;

  bool named() const { return !asks.front().name.empty(); }
};

}  // namespace janus::cli
