// A whole model from the hub into its cache.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "cli/hub/cache.h"
#include "cli/hub/server.h"

namespace janus::hub {

struct PulledFile {
  std::string name;
  int64_t bytes = 0;
  int64_t downloaded = 0;  // of them now; the rest was there. More where some came twice
};

struct PulledModel {
  std::string path;  // its snapshot
  std::string commit;
  std::string licence;  // as the repository states it; empty = it states none
  std::vector<PulledFile> files;
};

struct PullEvents {
  std::function<void(const Listing&, int64_t bytes)> listed;  // before anything is downloaded
  std::function<void(int64_t done, int64_t total)> progress;  // in bytes, from several threads
};

// Downloads what the cache lacks, `jobs` files at a time, and only when every file is there and proven links
// them into the snapshot and points the revision at it: who reads the cache never sees half a model. Throws
// Error where that fails; what came is kept for the next call.
PulledModel pull(Server& server, const Cache& cache, const Repository& repository, int jobs,
                 const PullEvents& events);

}  // namespace janus::hub
