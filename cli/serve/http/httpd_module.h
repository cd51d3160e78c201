// The module libjanus_httpd.so, which holds libmicrohttpd and is opened by `janus serve` alone
// (cli/serve/http/start_http_server.cc): the library brings GnuTLS, which no other command should wait for.
#pragma once

#include "cli/serve/http/http_server.h"

namespace janus::cli {

inline constexpr const char* kHttpdModule = "httpd";
// The name holds what program and module must agree on: the types of cli/serve/http/. Counted up with their
// changes.
inline constexpr const char* kHttpdModuleEntry = "janus_httpd_module_1";
#define janus_httpd_module janus_httpd_module_1

// Null and `fault` where the server cannot start.
using StartHttpd = HttpServer* (*)(const HttpServerOptions& options, HttpHooks& hooks, std::string& fault);

}  // namespace janus::cli

extern "C" [[gnu::visibility("default")]] void janus_httpd_module(janus::cli::StartHttpd& start);
