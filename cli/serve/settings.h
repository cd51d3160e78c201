// What the options of `janus serve` say.
#pragma once

#include <string>
#include <vector>

#include "cli/app/options.h"
#include "cli/serve/serve_limits.h"
#include "generator/engine/engine_options.h"

namespace janus::cli {

struct ServeSettings {
  std::string host = "127.0.0.1";
  int64_t port = 8080;
  std::string api_key_file, tls_cert, tls_key;
  bool insecure_no_key = false, log_content = false;
  std::vector<std::string> aliases, hosts, origins;
  int64_t rows = 0;
  int draft = kAutoWindow, parallel = kAutoWindow;  // 0: as many as the device gains from
  int64_t most_loaded = 0;                          // 0: as many as memory holds
  int64_t keep_alive_s = 0;                         // 0: no model is unloaded for not being asked
  int64_t drain_s = 30;
  ServeLimits limits;
};

void declare_serve(OptionSet& options, ServeSettings& settings);

}  // namespace janus::cli
