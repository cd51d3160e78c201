// The module libjanus_curl.so, which holds libcurl and is opened with the first HttpClient
// (cli/hub/open_http.cc): libcurl brings thirty libraries, which a program that downloads nothing should not
// wait for.
#pragma once

#include <atomic>

#include "cli/hub/http.h"

namespace janus::hub {

// The client that the module has: what HttpClient does, by functions that a loader can find.
struct HttpModule {
  void* (*open)(const std::atomic<bool>* stop) = nullptr;
  void (*close)(void* client) = nullptr;
  HttpResult (*get)(void* client, const HttpRequest& request, const HttpReceiver& receiver) = nullptr;
};

inline constexpr const char* kHttpModule = "curl";
// The name holds what program and module must agree on: the types of cli/hub/http.h. Counted up with their
// changes.
inline constexpr const char* kHttpModuleEntry = "janus_http_module_3";
#define janus_http_module janus_http_module_3

}  // namespace janus::hub

extern "C" [[gnu::visibility("default")]] void janus_http_module(janus::hub::HttpModule& module);
