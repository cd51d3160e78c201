#include "cli/serve/http/httpd_module.h"
#include "core/base/error.h"
#include "core/base/shared_module.h"

namespace janus::cli {

std::unique_ptr<HttpServer> start_http_server(const HttpServerOptions& options, HttpHooks hooks) {
  const SharedModule shared = open_shared_module(kHttpdModule, kHttpdModuleEntry);
  check(shared.entry != nullptr,
        "serve: expected {}, which answers with libmicrohttpd, beside the program, found {}; install all of "
        "janus (built with JANUS_SERVE=ON)",
        shared_module_file(kHttpdModule), shared.fault);
  StartHttpd start = nullptr;
  reinterpret_cast<decltype(&janus_httpd_module)>(shared.entry)(start);
  std::string fault;
  std::unique_ptr<HttpServer> server(start(options, hooks, fault));
  check(server != nullptr, "{}", fault);
  return server;
}

}  // namespace janus::cli
