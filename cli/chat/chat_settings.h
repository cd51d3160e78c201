// The settings of a conversation: options at its beginning, /set within it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/app/options.h"
#include "cli/app/sampling_options.h"
#include "generator/engine/engine_options.h"
#include "generator/engine/request.h"
#include "vision/image_file.h"

namespace janus::cli {

struct ChatSettings {
  std::string image;  // part of the first question; empty = none
  std::string output = "janus-%03d.png";
  std::string load, save;  // files of conversations; empty = none
  bool no_save = false;
  SamplingSettings sampling{AnswerRequest{}.sampling};
  std::optional<double> guidance;  // else the model's
  std::optional<int64_t> steps;
  int draft = kAutoWindow, parallel = kAutoWindow;
  bool special_tokens = false;
  int64_t quality = kUsualQuality;  // of images
  const OptionEntry* quality_option = nullptr;
  int64_t pixel_limit = kUsualPixelLimit;
  int64_t max_tokens = AnswerRequest{}.max_tokens;  // from the common options
};

// What /set can change.
std::vector<std::string> setting_names();
// Does what stands behind /set: "NAME VALUE" or "NAME=VALUE" changes one, NAME or nothing changes none. The
// name may be spelt as an option or a key of a record (--top-k, top_k). -> the settings meant, a line each.
// Throws Error, and changes nothing, for an unknown name or a value out of its range.
std::string change_setting(ChatSettings& settings, const std::string& argument);

}  // namespace janus::cli
