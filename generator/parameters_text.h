// The text for people that programs put into the images they generate: the form of the Stable Diffusion web
// UI, which many read and write, janus among them.
//
//   a red circle
//   Negative prompt: blurred
//   Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 123, Size: 512x512
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/json_line.h"

namespace janus {

// What the text says, as far as janus has the same setting.
struct ForeignSettings {
  OrderedJson settings;            // under janus's keys
  std::vector<std::string> taken;  // as the text names them: "Seed"
  std::vector<std::string> left;   // those that mean nothing here, or have a value out of our range
};

// The text for settings as image_settings.h has them.
std::string parameters_text(const OrderedJson& settings);

// Any text: without a last line of at least two "Name: value", all of it is the prompt.
ForeignSettings parse_parameters(std::string_view text);

}  // namespace janus
