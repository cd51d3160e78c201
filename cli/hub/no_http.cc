// Builds without libcurl.
#include "cli/hub/http.h"
#include "core/base/error.h"

namespace janus::hub {

struct HttpClient::Connection {};

HttpClient::HttpClient(const std::atomic<bool>*) {
  fail(
      "pull: expected a build with libcurl, found one without (JANUS_CURL=OFF); build the preset release, or "
      "by hand: save "
      "the files of the model's page on the hub into a folder and give -m that folder");
}

HttpClient::~HttpClient() = default;

HttpResult HttpClient::get(const HttpRequest&, const HttpReceiver&) { return {}; }

}  // namespace janus::hub
