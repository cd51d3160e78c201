#include "cli/model/vae_places.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>

#include "cli/hub/cache.h"
#include "cli/hub/environment.h"
#include "core/base/home_folder.h"

namespace janus::cli {
namespace {

namespace fs = std::filesystem;

std::string pull_of(const hub::Repository& repository) {
  const std::string offline = hub::offline_variable();
  const std::string pull = fmt::format("janus pull {}", repository.to_string());
  return offline.empty() ? pull
                         : fmt::format("{} after unsetting {}, which forbids the network", pull, offline);
}

// The snapshot of a repository; empty where the cache has none.
std::string snapshot_of(const std::optional<hub::Cache>& cache, const hub::Repository& repository) {
  return cache ? cache->find(repository).path : std::string();
}

// What is in no place stays as it is: whoever needs the autoencoder is told.
std::string chosen_path(const std::string& chosen, const std::optional<hub::Cache>& cache) {
  if (chosen.empty()) return {};
  std::error_code ignored;
  std::string expanded = fs::exists(chosen, ignored) ? chosen : expand_home(chosen);
  const auto repository = hub::parse_repository(chosen);
  if (fs::exists(expanded, ignored) || !repository) return expanded;
  const std::string snapshot = snapshot_of(cache, *repository);
  return snapshot.empty() ? expanded : snapshot;
}

}  // namespace

std::string how_to_get_vae() {
  return fmt::format("get it with: {}, or give --vae PATH", pull_of(*hub::parse_repository(kVaeRepository)));
}

VaePlaces vae_places(const std::string& chosen) {
  const std::optional<hub::Cache> cache = hub::Cache::found_in_environment();
  return {.chosen = chosen_path(chosen, cache),
          .cached = snapshot_of(cache, *hub::parse_repository(kVaeRepository)),
          .cache = cache ? "the hub cache " + cache->root() : "",
          .advice = how_to_get_vae()};
}

}  // namespace janus::cli
