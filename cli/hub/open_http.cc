// The HttpClient of the program: it opens the module that has one.
#include "cli/hub/http_module.h"
#include "core/base/error.h"
#include "core/base/shared_module.h"

namespace janus::hub {
namespace {

HttpModule open_module() {
  const SharedModule shared = open_shared_module(kHttpModule, kHttpModuleEntry);
  check(shared.entry != nullptr,
        "pull: expected {}, which downloads with libcurl, beside the program, found {}; install all of janus "
        "(built with JANUS_CURL=ON), or by hand: save the files of the model's page on the hub into a folder "
        "and give -m that folder",
        shared_module_file(kHttpModule), shared.fault);
  HttpModule module;
  reinterpret_cast<decltype(&janus_http_module)>(shared.entry)(module);
  return module;
}

}  // namespace

struct HttpClient::Connection {
  explicit Connection(const std::atomic<bool>* stop) : module(open_module()), client(module.open(stop)) {}
  ~Connection() { module.close(client); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  HttpModule module;
  void* client;
};

HttpClient::HttpClient(const std::atomic<bool>* stop) : connection_(std::make_unique<Connection>(stop)) {}
HttpClient::~HttpClient() = default;

HttpResult HttpClient::get(const HttpRequest& request, const HttpReceiver& receiver) {
  return connection_->module.get(connection_->client, request, receiver);
}

}  // namespace janus::hub
