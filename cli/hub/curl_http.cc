#include <curl/curl.h>
#include <fmt/format.h>
#include <janus/version.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cli/hub/http.h"
#include "core/base/error.h"

namespace janus::hub {
namespace {

constexpr int64_t kConnectTimeout_s = 8;
constexpr long kBuffer_bytes = 256 << 10;
constexpr long kMostRedirects = 10;

constexpr int kWhole = 200, kPartial = 206, kFirstRefusal = 300;

// The answer that is coming in.
struct Response {
  const HttpReceiver* receiver;
  const std::atomic<bool>* stop;
  CURL* handle;
  HttpStart start;
  std::string error_code = {}, error_message = {};
  bool begun = false;
  bool unwanted = false;
  std::exception_ptr fault = nullptr;  // of the receiver: it must not pass through libcurl, which is C
};

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return std::tolower(static_cast<unsigned char>(x)) == y; });
}

// The value of the header `name` if the line is that; else nothing.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || !equal_ignoring_case(line.substr(0, colon), name)) return {};
  std::string_view value = line.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  return value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
}

// "Content-Range: bytes 100-199/200": where a partial answer begins. Each redirect's headers pass here too; a
// status line begins anew.
size_t on_header(char* data, size_t, size_t size, void* user) {
  auto& response = *static_cast<Response*>(user);
  const std::string_view line(data, size);
  if (line.starts_with("HTTP/")) {
    response.start = {};
    response.error_code.clear();
    response.error_message.clear();
  }
  if (const auto range = value_of(line, "content-range")) {
    const size_t digits = std::min(range->find_first_of("0123456789"), range->size());
    std::from_chars(range->data() + digits, range->data() + range->size(), response.start.first_byte);
  }
  if (const auto type = value_of(line, "content-type")) response.start.type = *type;
  if (const auto code = value_of(line, "x-error-code")) response.error_code = *code;
  if (const auto message = value_of(line, "x-error-message")) response.error_message = *message;
  return size;
}

// Whether to go on.
bool receive(Response& response, std::span<const std::byte> bytes) {
  if (!response.begun) {
    response.begun = true;
    long status = 0;
    curl_easy_getinfo(response.handle, CURLINFO_RESPONSE_CODE, &status);
    response.start.status = static_cast<int>(status);
    if (status != kPartial) response.start.first_byte = 0;
    if ((status == kWhole || status == kPartial) && !response.receiver->begin(response.start)) return false;
  }
  const bool wanted = response.start.status == kWhole || response.start.status == kPartial;
  return !wanted || response.receiver->take(bytes);
}

size_t on_body(char* data, size_t, size_t size, void* user) {
  auto& response = *static_cast<Response*>(user);
  try {
    response.unwanted = !receive(response, std::as_bytes(std::span(data, size)));
  } catch (...) {
    response.fault = std::current_exception();
    response.unwanted = true;
  }
  return response.unwanted ? 0 : size;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Response*>(user)->stop->load() ? 1 : 0;
}

HttpFault fault_of(CURLcode code, bool unwanted) {
  if (unwanted || code == CURLE_ABORTED_BY_CALLBACK) return HttpFault::unwanted;
  switch (code) {
    case CURLE_OK:
      return HttpFault::none;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PROXY:
      return HttpFault::unreachable;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return HttpFault::untrusted;
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_TOO_MANY_REDIRECTS:
      return HttpFault::refused;
    default:
      return HttpFault::dropped;
  }
}

// The program curl reads these, libcurl does not.
const char* certificates_of_environment() {
  for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}) {
    const char* file = std::getenv(name);
    if (file != nullptr && *file != '\0') return file;
  }
  return nullptr;
}

struct List {
  curl_slist* list = nullptr;
  ~List() { curl_slist_free_all(list); }
};

// Any host and port at that address, at the port that it was.
std::string rule_for(const std::string& address) {
  return address.find(':') == address.npos ? fmt::format("::{}:", address) : fmt::format("::[{}]:", address);
}

}  // namespace

struct HttpClient::Connection {
  explicit Connection(const std::atomic<bool>* stop_flag) : stop(stop_flag) {
    // Once a process, before the first of these on any thread.
    static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
    handle = ready == CURLE_OK ? curl_easy_init() : nullptr;
    check(handle != nullptr, "pull: expected libcurl to start, found that it does not; see its installation");
  }
  ~Connection() { curl_easy_cleanup(handle); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  const std::atomic<bool>* stop;
  CURL* handle = nullptr;
};

HttpClient::HttpClient(const std::atomic<bool>* stop) : connection_(std::make_unique<Connection>(stop)) {}
HttpClient::~HttpClient() = default;

HttpResult HttpClient::get(const HttpRequest& request, const HttpReceiver& receiver) {
  CURL* handle = connection_->handle;
  curl_easy_reset(handle);  // the connection stays
  Response response{.receiver = &receiver, .stop = connection_->stop, .handle = handle, .start = {}};
  std::string reason(CURL_ERROR_SIZE, '\0');
  List headers, rules;
  headers.list = curl_slist_append(nullptr, "Accept-Encoding: identity");

  curl_easy_setopt(handle, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "janus/" JANUS_VERSION);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.list);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason.data());
  curl_easy_setopt(handle, CURLOPT_BUFFERSIZE, kBuffer_bytes);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT,
                   static_cast<long>(std::min(kConnectTimeout_s, request.patience_s)));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(kSlowest_bytes_per_s));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, static_cast<long>(request.patience_s));
  if (const char* file = certificates_of_environment()) curl_easy_setopt(handle, CURLOPT_CAINFO, file);
  // A server that encrypts may not send us on to one that does not.
  const bool encrypted = request.url.starts_with("https:");
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, encrypted ? "https" : "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, request.follow_redirects ? 1L : 0L);
  curl_easy_setopt(handle, CURLOPT_MAXREDIRS, kMostRedirects);
  if (request.most_ms > 0) curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.most_ms));
  if (!request.connect_to.empty()) {
    rules.list = curl_slist_append(nullptr, rule_for(request.connect_to).c_str());
    curl_easy_setopt(handle, CURLOPT_CONNECT_TO, rules.list);
    curl_easy_setopt(handle, CURLOPT_PROXY, "");
  }
  if (!request.token.empty()) {
    // As a password of the first host, and not as a header of ours, so that libcurl keeps it from all others.
    curl_easy_setopt(handle, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(handle, CURLOPT_XOAUTH2_BEARER, request.token.c_str());
    curl_easy_setopt(handle, CURLOPT_UNRESTRICTED_AUTH, 0L);
  }
  if (request.offset > 0) {
    curl_easy_setopt(handle, CURLOPT_RANGE, fmt::format("{}-", request.offset).c_str());
  }
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &response);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &response);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &response);

  const CURLcode code = curl_easy_perform(handle);
  if (response.fault) std::rethrow_exception(response.fault);
  HttpResult result;
  long status = 0;
  curl_off_t retry_after = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &retry_after);
  result.status = static_cast<int>(status);
  result.retry_after_s = retry_after;
  result.fault = fault_of(code, response.unwanted);
  result.error_code = std::move(response.error_code);
  result.error_message = std::move(response.error_message);
  long tunnel = 0;
  curl_easy_getinfo(handle, CURLINFO_HTTP_CONNECTCODE, &tunnel);
  if (code != CURLE_OK && tunnel >= kFirstRefusal) {
    result.fault = HttpFault::proxy;
    result.status = static_cast<int>(tunnel);
  }
  if (code != CURLE_OK) result.reason = reason.front() != '\0' ? reason.c_str() : curl_easy_strerror(code);
  return result;
}

}  // namespace janus::hub
