// janus list: the models that are on this machine without a path.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <span>

#include "cli/app/command.h"
#include "cli/hub/inventory.h"
#include "cli/io/input_file.h"
#include "cli/io/json_output.h"
#include "cli/io/wrapped_text.h"
#include "cli/model/chosen_model.h"
#include "cli/model/vae_places.h"
#include "core/base/error.h"
#include "core/base/readable_bytes.h"
#include "core/tensor/device.h"
#include "generator/builtin_model.h"
#include "tokenizer/image/vae_files.h"

namespace janus::cli {
namespace {

struct ListSettings {
  bool all = false;
  bool names = false;
};

struct ListedModel {
  std::string name, revision;
  hub::CachedSnapshot cached;                 // empty for the built-in one
  std::string family = {}, layout = {};       // where it opens
  std::map<std::string, int64_t> types = {};  // bytes of each
  std::string fault = {};                     // why it does not open
  bool foreign = false;                       // a model of another kind, or none at all
  bool is_vae = false;                        // what a JanusFlow draws with: no model for -m
  std::optional<std::string> vae = {};        // of a model that draws with one: its path; empty: none found
};

void add_types(const Checkpoint& checkpoint, ListedModel& model) {
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    model.types[tensor.type_name()] += static_cast<int64_t>(tensor.data.bytes.size());
  }
}

void look_into(FileSet files, ListedModel& model) {
  const Checkpoint checkpoint = Checkpoint::open(std::move(files));
  // A plan alone: nothing but headers is read.
  const auto opened =
      open_model(checkpoint, open_device("cpu", {.threads = 1}), {.type = WeightType::native, .plan = true});
  model.family = opened->info().family;
  model.layout = opened->info().layout;
  add_types(checkpoint, model);
  if (opened->latent_coder() == nullptr) return;
  const auto found = find_vae(checkpoint, vae_places(""));
  model.vae = found ? found->path : "";
}

void look_into_vae(const std::string& folder, ListedModel& model) {
  check_vae(folder);
  model.family = model.layout = "autoencoder";
  add_types(open_vae(folder), model);
}

// Whether its configuration says that it is a model of another kind.
bool is_foreign(const std::string& snapshot) {
  std::error_code fault;
  const std::string path = snapshot + "/config.json";
  if (!std::filesystem::is_regular_file(path, fault)) return false;
  // Alone: other files may be missing yet.
  return error_of([&] {
           const std::string config = read_input(path, "configuration");
           const auto bytes = std::as_bytes(std::span(config));
           check_family(FileSet::in_memory(snapshot, {{"config.json", {bytes, nullptr}}}));
         })
      .has_value();
}

ListedModel built_in() {
  ListedModel model{.name = kBuiltinName, .revision = "built in", .cached = {}};
  const FileSet files = builtin_model();
  for (const std::string& file : files.files())
    model.cached.bytes += static_cast<int64_t>(files.read(file).bytes.size());
  look_into(files, model);
  return model;
}

ListedModel look_at(const hub::CachedSnapshot& cached, Console& console) {
  ListedModel model{.name = cached.repository.id(), .revision = cached.repository.revision, .cached = cached};
  if (cached.path.empty()) {
    model.fault = fmt::format("incomplete; finish it with: janus pull {}", cached.repository.id());
    return model;
  }
  hub::Repository exact = cached.repository;
  exact.revision = cached.commit;
  model.is_vae = is_vae_folder(cached.path);
  const std::optional<std::string> fault = error_of([&] {
    if (model.is_vae) {
      look_into_vae(cached.path, model);
    } else {
      look_into(open_model_files(model_path(exact.to_string(), console)), model);
    }
  });
  if (fault) model.fault = *fault;
  model.foreign = fault.has_value() && !model.is_vae && is_foreign(cached.path);
  return model;
}

Json record_of(const ListedModel& model) {
  const bool builtin = model.name == kBuiltinName;
  Json record;
  record["model"] = model.name;
  record["builtin"] = builtin;
  record["revision"] = builtin ? Json() : Json(model.revision);
  record["revisions"] = model.cached.refs;
  record["commit"] = model.cached.commit.empty() ? Json() : Json(model.cached.commit);
  record["path"] = model.cached.path.empty() ? Json() : Json(model.cached.path);
  record["bytes"] = model.cached.bytes;
  record["family"] = model.family.empty() ? Json() : Json(model.family);
  record["layout"] = model.layout.empty() ? Json() : Json(model.layout);
  record["types"] = model.types;
  if (model.vae) record["vae"] = model.vae->empty() ? Json() : Json(*model.vae);
  record["complete"] = model.fault.empty();
  if (!model.fault.empty()) record["error"] = model.fault;
  return record;
}

// The type that most of the weights have, and that there are others.
std::string main_type(const std::map<std::string, int64_t>& types) {
  const auto most =
      std::max_element(types.begin(), types.end(), [](auto& a, auto& b) { return a.second < b.second; });
  if (most == types.end()) return "-";
  return most->first + (types.size() > 1 ? "+" : "");
}

std::vector<std::string> row_of(const ListedModel& model) {
  constexpr size_t kShortCommit = 12;
  std::string revision = model.revision;
  if (revision == model.cached.commit) revision = revision.substr(0, kShortCommit);
  std::string state = model.fault.empty() ? "complete" : model.foreign ? "another kind" : "incomplete";
  if (model.vae && model.vae->empty()) state += ", no autoencoder";
  return {model.name,
          revision,
          readable_bytes(model.cached.bytes),
          main_type(model.types),
          model.layout.empty() ? "-" : model.layout,
          state};
}

std::vector<ListedModel> models_here(const ListSettings& settings, Console& console) {
  std::vector<ListedModel> models;
  size_t foreign = 0;
  if (const std::optional<hub::Cache> cache = hub::Cache::found_in_environment()) {
    for (const hub::CachedSnapshot& snapshot : hub::snapshots(*cache)) {
      ListedModel model = look_at(snapshot, console);
      foreign += static_cast<size_t>(model.foreign && !settings.all);
      if (!model.foreign || settings.all) models.push_back(std::move(model));
    }
    console.detail(fmt::format("the hub cache is {}", cache->root()));
  }
  models.push_back(built_in());
  if (foreign > 0) {
    console.notice(
        fmt::format("{} more in the cache, of kinds that janus does not run; --all lists them", foreign));
  }
  return models;
}

// Each name that -m takes, once: the short ones first.
void tell_names(const std::vector<ListedModel>& models, Console& console) {
  std::map<std::string, std::set<std::string>> owners;
  for (const ListedModel& model : models) {
    if (model.is_vae) continue;
    owners[model.name.substr(model.name.find('/') + 1)].insert(model.name);
  }
  for (const auto& [name, ids] : owners) {
    if (ids.size() == 1) console.result(name + "\n");
  }
  for (const auto& [name, ids] : owners) {
    for (const std::string& id : ids) {
      if (id != name) console.result(id + "\n");
    }
  }
}

Outcome list(const ListSettings& settings, const CommonOptions& common, Console& console) {
  if (settings.names && common.json)
    throw UsageError(
        "option --names, command line: expected either it or --json, found both; see janus list --help");
  const std::vector<ListedModel> models = models_here(settings, console);
  if (settings.names) {
    tell_names(models, console);
  } else if (common.json) {
    for (const ListedModel& model : models) print_json(record_of(model), console);
  } else {
    std::vector<std::vector<std::string>> rows{{"model", "revision", "size", "type", "layout", "state"}};
    for (const ListedModel& model : models) rows.push_back(row_of(model));
    console.result(table_of(rows, console.result_width()));
    for (const ListedModel& model : models) {
      if (!model.fault.empty()) console.detail(fmt::format("{}: {}", model.name, model.fault));
    }
  }
  return Outcome::done;
}

}  // namespace

Command list_command() {
  auto settings = std::make_shared<ListSettings>();
  return {
      .name = "list",
      .summary = "the models in the hub's cache, and the built-in one",
      .examples = {"janus list", "janus list --json", "janus list --all -v"},
      .declare =
          [settings](OptionSet& options) {
            options.flag("--all", settings->all, "models of other kinds too, which janus does not run");
            options.flag("--names", settings->names, "nothing but the names that -m takes, one a line");
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return list(*settings, common, console); },
      .notes =
          "The type is the one that most weights have, + where there are others. A model is complete when "
          "all its files are there and it opens; -v says why one does not. A JanusFlow without an "
          "autoencoder, which the list shows as one, answers and does not draw: janus pull of it fetches "
          "one.\n",
      .unused = kModelOptions,
  };
}

}  // namespace janus::cli
