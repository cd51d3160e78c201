#include "cli/serve/http/httpd_module.h"
#include "cli/serve/httpd/daemon.h"

namespace {

janus::cli::HttpServer* start(const janus::cli::HttpServerOptions& options, janus::cli::HttpHooks& hooks,
                              std::string& fault) {
  try {
    return new janus::cli::Daemon(options, std::move(hooks));
  } catch (const std::exception& error) {
    fault = error.what();
    return nullptr;
  }
}

}  // namespace

void janus_httpd_module(janus::cli::StartHttpd& into) { into = start; }
