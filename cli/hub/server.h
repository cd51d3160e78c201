// The hub's server: its address, what it is asked with, and how often it is asked again.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "cli/hub/http.h"
#include "cli/hub/listing.h"
#include "cli/hub/repository.h"
#include "cli/hub/token.h"

namespace janus::hub {

inline constexpr const char* kPublicHub = "https://huggingface.co";

struct Server {
  std::string endpoint;  // without a slash at the end
  Token token;
  int retries = 5;                   // in a row that gained nothing worth it
  int64_t patience_s = kPatience_s;  // as HttpRequest has it
  int64_t most_retry_after_s = 300;  // beyond that, whoever waits should know what for
  std::function<void(const std::string&)> notice;
  std::atomic<bool> stop = false;  // ends all that is under way

  // kPublicHub or $HF_ENDPOINT, and the user's token. `notice` must be there. Throws Error for one that
  // cannot be.
  void read_environment();
  std::string file_url(const Repository& repository, const std::string& commit,
                       const std::string& name) const;
  std::string page_url(const Repository& repository) const;  // for people
  std::string tree_url(const Repository& repository) const;  // the revision's files, for people
};

// What is asked for: the list of a revision's files, or one that stands on it.
enum class Subject { listing, file };

// Counts what failed in a row, and waits between. An attempt that gained less than kSlowest_bytes_per_s since
// the failure before it counts as one that gained nothing: a server that gives a byte at a time must not be
// asked for ever.
class RetryPolicy {
 public:
  // `what` is what is being fetched: "config.json".
  RetryPolicy(const Server& server, const Repository& repository, Subject subject, std::string what);

  void gained(int64_t bytes) { gained_bytes_ += bytes; }
  // Returns when another attempt is due. Throws as refuse() (cli/hub/refusal.h) where none is: the answer
  // will stay what it is, or there were too many.
  void wait_after(const HttpResult& result);

 private:
  const Server& server_;
  const Repository& repository_;
  Subject subject_;
  std::string what_;
  int failures_ = 0;
  int64_t gained_bytes_ = 0;  // since the last failure
  std::chrono::steady_clock::time_point since_ = std::chrono::steady_clock::now();
};

// Whether the same request may be answered otherwise later.
bool may_pass(const HttpResult& result);

// Asks the server what the revision holds.
Listing fetch_listing(const Server& server, const Repository& repository);

}  // namespace janus::hub
