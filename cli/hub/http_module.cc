#include "cli/hub/http_module.h"

namespace {

using janus::hub::HttpClient;

void* open(const std::atomic<bool>* stop) { return new HttpClient(stop); }
void close(void* client) { delete static_cast<HttpClient*>(client); }
janus::hub::HttpResult get(void* client, const janus::hub::HttpRequest& request,
                           const janus::hub::HttpReceiver& receiver) {
  return static_cast<HttpClient*>(client)->get(request, receiver);
}

}  // namespace

void janus_http_module(janus::hub::HttpModule& module) { module = {open, close, get}; }
