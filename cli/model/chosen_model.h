// The model that the common options choose.
#pragma once

#include <memory>
#include <string>

#include "cli/app/options.h"
#include "cli/io/console.h"
#include "cli/model/builtin_notice.h"
#include "cli/model/model_path.h"
#include "core/checkpoint/checkpoint.h"
#include "generator/memory_need.h"
#include "generator/model.h"

namespace janus::cli {

// The files of the model that -m names, or of the built-in one where is_builtin() says so.
FileSet model_files(const std::string& model, Console& console);

// Opens the model at `path` as far as it takes to see that it can be used: configuration, headers of the
// weights, tokenizer. Throws Error where one is missing or damaged.
void check_model(const std::string& path);

// The same of an autoencoder's folder.
void check_vae(const std::string& path);

// The checkpoint of the model that -m names, or of these files of one: every command opens models here. What
// of the folder is read and what is not stands on standard error where that is not plain. Under --verify its
// checksums are held against its weights, or a note on standard error says that it has none.
Checkpoint open_checkpoint(const CommonOptions& options, Console& console);
Checkpoint open_checkpoint(FileSet files, const CommonOptions& options, Console& console);
// What --verify does for the autoencoder of a model that draws with one, where it is found.
void verify_vae(const Checkpoint& checkpoint, const CommonOptions& options);
// Puts on standard error what the checkpoint has noted since the last call.
void tell_notes(const Checkpoint& checkpoint, Console& console);

// A model of which nothing is read but headers.
struct FoundModel {
  std::string name;         // as given, or kBuiltinName
  std::string fingerprint;  // as model_fingerprint() has it
  double open_ms = 0;
  Checkpoint checkpoint;
};

// The model that -m names, by open_checkpoint(). For commands that have something to refuse before they load.
FoundModel find_model(const CommonOptions& options, Console& console);

struct ChosenModel {
  std::string name, fingerprint;  // as FoundModel has them
  bool builtin = false;
  double load_ms = 0;
  int images_at_once = 0;  // so many fit into memory side by side; 0: as many as the device gains from
  std::unique_ptr<Model> model;
};

// Finds the model, opens device and model, and tells `progress` how far. Notes on standard error if it is the
// built-in one; `limits` as tell_builtin() has it. Throws Error before anything is loaded where `work` with
// it does not fit into memory.
ChosenModel open_chosen_model(const CommonOptions& options, const Work& work, Console& console,
                              const Progress& progress, const std::string& limits = {});
// The same for one that find_model() has found with these options.
ChosenModel open_chosen_model(FoundModel found, const CommonOptions& options, const Work& work,
                              Console& console, const Progress& progress, const std::string& limits = {});

}  // namespace janus::cli
