// One file's content on its way into the cache.
#pragma once

#include <functional>
#include <string>

#include "cli/hub/cache.h"
#include "cli/hub/server.h"
#include "cli/hub/snapshot.h"

namespace janus::hub {

struct BlobSource {
  const Server& server;
  const Cache& cache;
  const Repository& repository;
  const std::string& commit;
  const Snapshot& snapshot;
};

// Bytes that came, negative where some had to be thrown away. Called on the downloading thread.
using BytesGained = std::function<void(int64_t)>;

// Bytes that need no download: all of what stands in the snapshot or among the blobs, or those that an
// earlier download left in HASH.incomplete.
int64_t bytes_there(const BlobSource& source, const RemoteFile& file);

// Sees to it that the content is in the snapshot or among the blobs. -> bytes downloaded. Another process
// that writes the same one is waited for. What came is kept when this ends early, even by SIGKILL, and the
// next call goes on from there: the name is the content's hash, so a remainder cannot belong to another
// version, and the hash is checked in the end. Throws Error when the server gives up or gives something else.
int64_t fetch_blob(const BlobSource& source, HttpClient& client, const RemoteFile& file,
                   const BytesGained& gained);

// The hash, as RemoteFile has it, of what `path` holds. Throws Error where it cannot be read.
std::string hash_of_file(const std::string& path, const RemoteFile& file);

}  // namespace janus::hub
