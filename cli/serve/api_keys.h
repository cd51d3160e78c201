// The keys that clients show.
#pragma once

#include <string>
#include <vector>

#include "cli/serve/http/exchange.h"

namespace janus::cli {

class ApiKeys {
 public:
  ApiKeys() = default;  // none: nobody needs one
  // A key a line; blank lines and those that begin with # do not count. Throws Error where the file cannot be
  // read or holds no key.
  static ApiKeys read(const std::string& path);

  bool needed() const { return !digests_.empty(); }
  // Whether a request shows one of them: `Authorization: Bearer KEY`, `Basic` with the key as password, for
  // clients that know nothing else, or `X-Api-Key`. Takes as long for a wrong key as for a right one.
  bool admit(const HttpRequest& request) const;

 private:
  bool holds(const std::string& key) const;

  std::vector<std::string> digests_;  // SHA-256, so that all have one length
};

}  // namespace janus::cli
