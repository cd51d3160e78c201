// The files of a model on their way into the cache, several at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "cli/hub/blob.h"
#include "cli/hub/pull.h"

namespace janus::hub {

// Refers to what it is made with, which must outlive it.
class Downloads {
 public:
  Downloads(Server& server, const BlobSource& source, std::vector<RemoteFile> files,
            const PullEvents& events);

  int64_t total() const { return total_; }      // bytes
  int64_t missing() const { return missing_; }  // of them that are not there yet

  // The largest first, each taken by the next of `jobs` threads. Throws what ended one of them.
  void run(int jobs);

  std::vector<PulledFile> result() const;  // by name

 private:
  void work();

  Server& server_;
  const BlobSource& source_;
  std::vector<RemoteFile> files_;
  const PullEvents& events_;
  std::vector<int64_t> downloaded_;
  std::atomic<size_t> next_ = 0;
  std::atomic<int64_t> done_ = 0;
  int64_t total_ = 0, missing_ = 0;
};

}  // namespace janus::hub
