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
  std::string unasked;  // why the hub was not asked, or did not answer, whether this is still the revision's
                        // commit; empty = it was, and is
};

struct PullOptions {
  int jobs = 4;  // files at a time
  // Whether to hold what is there already against its hash, also what has been before.
  bool verify = false;
  // Chooses among the names of a repository's files those to be fetched; where it is not there, or chooses
  // none, they are those of a model.
  std::function<std::vector<std::string>(const std::vector<std::string>& names)> choose = {};
};

// All must be there.
struct PullEvents {
  std::function<void(const Listing&, int64_t bytes)> listed;  // before anything is downloaded
  std::function<void(int64_t done, int64_t total)> progress;  // in bytes, from several threads
  // Throws Error where no model of the content of this config.json is known: before its weights come.
  std::function<void(const std::string& config)> configured;
  // Opens the model in a snapshot as a command does; throws Error where none opens.
  std::function<void(const std::string& path)> open;
};

// Downloads what the cache lacks, and only when every file is there and proven puts them into the snapshot,
// opens a model from it, and points the revision at it: who reads the cache never sees half a model. What is
// there whole already, and has been held against its hashes once, takes no write at all, and neither needs
// the hub: where a variable forbids the network, or the hub gives no answer, it is what is returned. Throws
// Error where that fails; what came is kept for the next call.
PulledModel pull(Server& server, const Cache& cache, const Repository& repository, const PullOptions& options,
                 const PullEvents& events);

// The most bytes that a file may have on a file system of this kind (statfs's f_type), as far as known.
int64_t largest_file(int64_t file_system);

}  // namespace janus::hub
