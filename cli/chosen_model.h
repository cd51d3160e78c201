// The model that the common options choose.
#pragma once

#include <memory>
#include <string>

#include "cli/console.h"
#include "cli/options.h"
#include "core/checkpoint.h"
#include "generator/model.h"

namespace janus::cli {

// The name of the model inside the program, as notices and records give it.
inline constexpr const char* kBuiltinName = "janus-tiny";
// How to get a model of real size, for notices and errors.
inline constexpr const char* kGetModel =
    "hf download deepseek-community/Janus-Pro-1B --local-dir Janus-Pro-1B, then -m Janus-Pro-1B";

// The files of the model folder at `path`, or of the built-in model if that is empty. Throws Error that says
// how to get a model where there is none.
FileSet model_files(const std::string& path);

struct ChosenModel {
  std::string name;  // the path as given, or kBuiltinName
  bool builtin = false;
  double load_ms = 0;
  std::unique_ptr<Model> model;
};

// Opens device and model. Notes on standard error if it is the built-in one; `limits` is what the note says
// that one cannot do, if it matters here.
ChosenModel open_chosen_model(const CommonOptions& options, Console& console, const std::string& limits = {});

}  // namespace janus::cli
