// janus rm: takes models out of the hub's cache.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <memory>

#include "cli/app/command.h"
#include "cli/hub/inventory.h"
#include "cli/io/json_output.h"
#include "cli/io/safe_text.h"
#include "cli/model/builtin_notice.h"
#include "core/base/error.h"
#include "core/base/readable_bytes.h"
#include "core/checkpoint/file_set.h"
#include "generator/model.h"

namespace janus::cli {
namespace {

struct RmSettings {
  std::vector<std::string> names;
  bool yes = false;
};

std::string text_of(const hub::Removal& removal) {
  return removal.whole ? removal.repository.id()
                       : fmt::format("{} (commit {})", removal.repository.to_string(), removal.commit);
}

// What is asked for, all of it found before anything goes.
std::vector<hub::Removal> planned(const std::vector<std::string>& names) {
  const hub::Cache cache = hub::Cache::from_environment();
  std::vector<hub::Removal> removals;
  for (const std::string& name : names) {
    check(name != kBuiltinName,
          "model {}: expected a model of the hub cache, found the built-in one, which "
          "is part of the program; leave it out",
          name);
    const hub::Repository repository = hub::find_named(cache, name);
    removals.push_back(hub::plan_removal(cache, repository, name.find('@') == std::string::npos));
  }
  return removals;
}

bool agreed(const std::vector<hub::Removal>& removals) {
  for (const hub::Removal& removal : removals) {
    std::cerr << one_line(
        fmt::format("remove {}, {}? [y/N] ", text_of(removal), readable_bytes(removal.bytes)));
    std::string answer;
    if (!std::getline(std::cin, answer) || (answer != "y" && answer != "Y" && answer != "yes")) return false;
  }
  return true;
}

// The models of the cache that draw with an autoencoder of another repository.
std::vector<std::string> drawing_models(const hub::Cache& cache) {
  std::vector<std::string> names;
  for (const hub::CachedSnapshot& snapshot : hub::snapshots(cache)) {
    (void)error_of([&] {  // what is no model draws nothing
      if (draws_latents(FileSet::folder(snapshot.path).json("config.json")))
        names.push_back(snapshot.repository.id());
    });
  }
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// Of two repositories that belong together, what the one means that is left.
void tell_what_is_left(const std::vector<hub::Removal>& removals, bool drew, Console& console) {
  const hub::Cache cache = hub::Cache::from_environment();
  const std::vector<std::string> drawing = drawing_models(cache);
  const hub::Repository vae = *hub::parse_repository(kVaeRepository);
  const bool has_vae = !cache.find(vae).path.empty();
  const bool removed_vae = std::any_of(removals.begin(), removals.end(), [&](const hub::Removal& removal) {
    return removal.repository.id() == vae.id();
  });
  if (removed_vae && !has_vae && !drawing.empty()) {
    console.notice(fmt::format("{} draws no more without {}: janus pull {} brings it back",
                               fmt::join(drawing, " and "), vae.id(), vae.id()));
  }
  if (drew && has_vae && drawing.empty()) {
    console.notice(fmt::format("{}, which no other model here draws with, stays: janus rm {} removes it",
                               vae.id(), vae.id()));
  }
}

Outcome rm(const RmSettings& settings, const CommonOptions& common, Console& console) {
  const std::vector<hub::Removal> removals = planned(settings.names);
  if (!settings.yes && isatty(STDIN_FILENO) == 0) {
    throw UsageError(
        "option --yes, command line: expected it where nobody can be asked, found none; add -y to remove");
  }
  if (!settings.yes && !agreed(removals)) {
    console.notice("nothing is removed");
    return Outcome::all_failed;
  }
  const bool drew = !drawing_models(hub::Cache::from_environment()).empty();
  for (const hub::Removal& removal : removals) {
    hub::remove(removal);
    if (common.json) {
      print_json({{"model", removal.repository.id()},
                  {"commit", removal.whole ? Json() : Json(removal.commit)},
                  {"freed_bytes", removal.bytes}},
                 console);
    } else {
      console.notice(
          fmt::format("{} is removed, {} are free", text_of(removal), readable_bytes(removal.bytes)));
    }
  }
  tell_what_is_left(removals, drew, console);
  return Outcome::done;
}

}  // namespace

Command rm_command() {
  auto settings = std::make_shared<RmSettings>();
  return {
      .name = "rm",
      .summary = "removes models from the hub's cache",
      .examples = {"janus rm Janus-Pro-1B", "janus rm deepseek-community/Janus-Pro-1B@dev",
                   "janus rm deepseek-community/Janus-Pro-7B -y"},
      .declare =
          [settings](OptionSet& options) {
            options.required_arguments(
                "NAME", settings->names,
                "owner/repo with all its revisions, owner/repo@revision for one; repo alone "
                "where one there has that name");
            options.flag("-y,--yes", settings->yes, "without asking");
          },
      .run = [settings](const CommonOptions& common,
                        Console& console) { return rm(*settings, common, console); },
      .notes =
          "Contents that another revision shares stay. Nothing outside the cache is touched; janus list "
          "shows what is there.\n",
      .unused = kModelOptions,
  };
}

}  // namespace janus::cli
