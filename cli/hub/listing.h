// What a repository on the hub holds, as its server says: input not to be trusted.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/digest.h"
#include "core/checkpoint/weight_files.h"

namespace janus::hub {

struct RemoteFile {
  std::string name;
  int64_t bytes = 0;
  DigestKind kind = DigestKind::sha1;  // of git's blob; sha256 of the content for large files (LFS)
  std::string hash;                    // lower-case hexadecimal: also the name in the cache
};

struct Listing {
  std::string commit;               // 40 hexadecimal digits
  std::string licence;              // as the repository states it, with its link; empty = it states none
  std::vector<RemoteFile> files;    // in the repository's first level, with names that are safe as such
  std::vector<std::string> others;  // names in folders: no model reads them
};

// Reads the hub's answer to /api/models/ID/revision/REV?blobs=true. Throws Error, naming `where`, for
// anything that is not one: names that lead out of a folder or hold control characters, twice the same name,
// hashes or sizes that cannot be.
Listing parse_listing(std::string_view json, const std::string& where);

// Fetches a file of the listing whose content decides: an index of weights.
using FetchText = std::function<std::string(const RemoteFile& file)>;

// The files that a model is opened from: configuration, tokenizer, and the weights that choose_weight_files()
// would read in a folder of these names, or one GGUF. Throws Error, naming `where`, if there is no model.
std::vector<RemoteFile> needed_files(const Listing& listing, const FetchText& fetch,
                                     const std::string& where);

}  // namespace janus::hub
