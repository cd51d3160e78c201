#include "cli/model/model_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <vector>

#include "cli/hub/cache.h"
#include "cli/hub/environment.h"
#include "cli/hub/inventory.h"
#include "cli/model/builtin_notice.h"
#include "core/base/error.h"
#include "core/base/home_folder.h"
#include "core/base/mapped_file.h"
#include "core/base/near_name.h"
#include "core/base/near_path.h"
#include "core/base/remedy.h"
#include "vision/image_kind.h"

namespace janus::cli {
namespace {

namespace fs = std::filesystem;

// A snapshot that holds a .gguf and no folder's config.json stands for that file.
std::string model_in(const std::string& snapshot) {
  std::error_code fault;
  if (fs::exists(fs::path(snapshot) / "config.json", fault)) return snapshot;
  std::vector<std::string> single;
  for (const auto& entry : fs::directory_iterator(snapshot, fault)) {
    if (entry.path().extension() == ".gguf") single.push_back(entry.path().string());
  }
  return single.size() == 1 ? single.front() : snapshot;
}

// What mends a model that is not, or only in part, in the cache.
std::string how_to_get(const hub::Repository& repository) {
  const std::string offline = hub::offline_variable();
  const std::string pull = fmt::format("janus pull {}", repository.to_string());
  return offline.empty() ? pull
                         : fmt::format("{} after unsetting {}, which forbids the network", pull, offline);
}

// A snapshot that other programs fetched only parts of, or whose blobs were removed.
void check_whole(const std::string& snapshot, const hub::Repository& repository) {
  bool config = false, weights = false;
  std::error_code fault;
  for (fs::directory_iterator entry(snapshot, fault); !fault && entry != fs::directory_iterator();
       entry.increment(fault)) {
    std::error_code ignored;
    const std::string name = entry->path().filename().string();
    check(entry->exists(ignored),
          "model {}: expected every file of the snapshot {}, found {} without its content; fetch it with: {}",
          repository.to_string(), snapshot, name, how_to_get(repository));
    config = config || name == "config.json" || name.ends_with(".gguf");
    weights = weights || name.ends_with(".safetensors") || name.ends_with(".bin") || name.ends_with(".gguf");
  }
  check(config && weights,
        "model {}: expected a whole model in the snapshot {}, found no {}; fetch the rest with: {}",
        repository.to_string(), snapshot, weights ? "config.json" : "weights", how_to_get(repository));
}

// A picture, which commands take as an argument.
void check_no_picture(const std::string& path) {
  std::error_code fault;
  if (!fs::is_regular_file(path, fault)) return;
  const FileBytes file = map_file(path);
  const auto kind = image_kind_of(file.bytes.first(std::min(file.bytes.size(), kImageKindBytes)));
  check(!kind,
        "model, {}: expected a model folder or a GGUF file, found a picture ({}); give -m a model, and name "
        "the picture without it",
        path, kind ? kind->name : "");
}

// What to write in place of a name at which nothing is: something near, here, in the cache or on the hub.
std::string likely_model(const std::string& model) {
  std::string near = near_path(model);
  if (!near.empty()) return near;
  std::vector<std::string> names{kBuiltinName};
  if (const std::optional<hub::Cache> cache = hub::Cache::found_in_environment()) {
    for (const hub::Repository& repository : cache->repositories()) {
      names.push_back(repository.id());
      names.push_back(repository.name);
    }
  }
  std::string plain = model;
  while (plain.ends_with('/')) plain.pop_back();
  return near_name(plain, names);
}

// Where a slip may lie: a folder of that name here, or the same name in other letters in the cache.
std::string what_is_near(const hub::Cache& cache, const hub::Repository& repository) {
  std::error_code fault;
  if (fs::is_directory(repository.owner, fault))
    return fmt::format("nothing of that name in the folder {} here, nor in the cache", repository.owner);
  const std::string alike = cache.alike(repository);
  if (!alike.empty()) return fmt::format("{} in the cache", alike);
  std::vector<std::string> names;
  for (const hub::Repository& one : cache.repositories()) names.push_back(one.id());
  const std::string near = near_name(repository.id(), names);
  return near.empty() ? "neither" : fmt::format("{} in the cache", near);
}

[[noreturn]] void fail_without_snapshot(const hub::Cache& cache, const hub::Repository& repository,
                                        const hub::CachedModel& found) {
  const std::string choices = hub::Cache::choices(repository, found);
  if (!choices.empty()) {
    fail("model {}: expected its snapshot in the hub cache {}, found {}, or get it with: {}",
         repository.to_string(), cache.root(), choices, how_to_get(repository));
  }
  const std::string meant = hub::meant_repository(repository.id());
  check(
      meant.empty() || meant == repository.id(),
      "model {}: expected a path of that name or this model in the hub cache {}, found {}; did you mean {}? "
      "Get it with: janus pull {}",
      repository.to_string(), cache.root(), what_is_near(cache, repository), meant, meant);
  const std::string by_hand =
      hub::offline_variable().empty()
          ? fmt::format(" (or by hand: hf download {} --revision {})", repository.id(), repository.revision)
          : ", or carry the cache's folder over from a machine that has it";
  fail(
      "model {}: expected a path of that name or this model in the hub cache {}, found {}; check the name, "
      "or get "
      "it with: {}{}",
      repository.to_string(), cache.root(), what_is_near(cache, repository), how_to_get(repository), by_hand);
}

std::string cached_model(const hub::Repository& repository, Console& console) {
  const hub::Cache cache = hub::Cache::from_environment();
  const hub::CachedModel found = cache.find(repository);
  if (found.path.empty()) fail_without_snapshot(cache, repository, found);
  if (found.guessed) {
    console.notice(fmt::format("{}: the cache does not say which commit {} is; taking the only one there, {}",
                               repository.id(), repository.revision, found.commit));
  }
  check_whole(found.path, repository);
  return model_in(found.path);
}

// The repository of the cache whose name is `model` without an owner; nothing where none is. Throws Error
// where several are.
std::optional<hub::Repository> repository_of_short_name(const std::string& model) {
  const std::optional<hub::Repository> asked = hub::parse_repository("owner/" + model);
  const std::optional<hub::Cache> cache = hub::Cache::found_in_environment();
  if (!asked || !cache || cache->named(asked->name).empty()) return std::nullopt;
  return hub::find_named(*cache, model);
}

}  // namespace

std::string model_path(const std::string& model, Console& console) {
  std::error_code fault, ignored;
  const std::string expanded = fs::exists(model, ignored) ? model : expand_home(model);
  if (fs::exists(expanded, fault)) {
    check_no_picture(expanded);
    return expanded;
  }
  check(!fs::is_symlink(expanded, ignored),
        "model, {}: expected a model folder, found a link to {}, which is not there; correct or remove the "
        "link",
        expanded, fs::read_symlink(expanded, ignored).string());
  check(fault != std::errc::permission_denied,
        "model, {}: expected a model folder, found a path that cannot be followed: {}; {}", expanded,
        fault.message(), reading_remedy_of(fault.value()));
  if (const std::optional<hub::Repository> repository = hub::parse_repository(model))
    return cached_model(*repository, console);
  if (const std::optional<hub::Repository> repository = repository_of_short_name(model))
    return cached_model(*repository, console);
  check(!model.starts_with('~') || expanded != model,
        "model, {}: expected a path, found that the system knows no such user's home folder; write the path "
        "out",
        model);
  const std::string meant = hub::meant_repository(model), name = meant.substr(meant.find('/') + 1);
  check(meant.empty() || model.find("://") == model.npos,
        "model, {}: expected a model folder, or owner/repo of the hub cache, found an address; get it with: "
        "janus pull {}, then -m {}",
        model, meant, meant);
  const std::string likely = name == model ? "" : likely_model(expanded);
  check(
      likely.empty(),
      "model, {}: expected a model folder, or owner/repo of the hub cache, found nothing there; did you mean "
      "-m {}?",
      expanded, likely);
  const std::string get = meant.empty() ? kGetModel : fmt::format("janus pull {}, then -m {}", meant, name);
  fail(
      "model, {}: expected a model folder, or owner/repo of the hub cache, found nothing there; get one "
      "with: {} (or by hand: hf download deepseek-community/Janus-Pro-1B --local-dir Janus-Pro-1B, then -m "
      "./Janus-Pro-1B)",
      expanded, get);
}

}  // namespace janus::cli
