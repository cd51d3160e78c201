// The hub's server: its address, what it is asked with, and how often it is asked again.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "cli/hub/http.h"
#include "cli/hub/listing.h"
#include "cli/hub/repository.h"

namespace janus::hub {

struct Server {
  std::string endpoint;  // without a slash at the end
  std::string token;     // empty = none
  int retries = 5;       // in a row without a byte gained
  std::function<void(const std::string&)> notice;
  std::atomic<bool> stop = false;  // ends all that is under way

  // https://huggingface.co or $HF_ENDPOINT, and $HF_TOKEN. Throws Error for one that cannot be.
  void read_environment();
  std::string file_url(const Repository& repository, const std::string& commit,
                       const std::string& name) const;
  std::string page_url(const Repository& repository) const;  // for people
};

// Counts what failed in a row, and waits between.
class RetryPolicy {
 public:
  // `what` is what is being fetched: "config.json".
  RetryPolicy(const Server& server, const Repository& repository, std::string what);

  void gained() { failures_ = 0; }
  // Returns when another attempt is due. Throws Error that says what to do where none is: the answer will
  // stay what it is, or there were too many.
  void wait_after(const HttpResult& result);

 private:
  [[noreturn]] void give_up(const HttpResult& result) const;

  const Server& server_;
  const Repository& repository_;
  std::string what_;
  int failures_ = 0;
};

// Asks the server what the revision holds.
Listing fetch_listing(const Server& server, const Repository& repository);

// How to have a model without this program fetching it.
std::string by_hand(const Repository& repository, const std::string& page_url);

}  // namespace janus::hub
