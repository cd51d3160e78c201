#include "cli/hub/server.h"

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>
#include <utility>

#include "cli/hub/environment.h"
#include "cli/hub/refusal.h"
#include "core/base/error.h"

namespace janus::hub {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstWait{500}, kLongestWait{30000}, kSlice{50};
constexpr size_t kMostListing_bytes = 64 << 20;
constexpr int64_t kListingPatience = 4;  // times that of a standstill, for all of a list
// Where there is no network, more would only hide it.
constexpr int kRetriesUnreachable = 1;

bool is_printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

// What a proxy or a network's sign-in page answers in the hub's place.
bool is_html(const std::string& body) {
  const size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string::npos && body[first] == '<';
}

bool passes(int status) {
  return status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501 && status != 505);
}

milliseconds backoff(int failures) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const milliseconds wait = std::min(kLongestWait, kFirstWait * (1 << std::min(failures - 1, 10)));
  // Up to a quarter more, so that many clients do not come back at one moment.
  return wait + milliseconds(random() % (wait.count() / 4));
}

}  // namespace

void Server::read_environment() {
  const std::string mirror = variable("HF_ENDPOINT");
  endpoint = mirror.empty() ? kPublicHub : mirror;
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const bool http = endpoint.starts_with("http://") || endpoint.starts_with("https://");
  check(http && is_printable(endpoint) && endpoint.find_first_of("@?#\\") == std::string::npos,
        "hub, $HF_ENDPOINT: expected http:// or https:// and a host, found something else; set it as in {}",
        kPublicHub);
  token = find_token(notice);
}

std::string Server::file_url(const Repository& repository, const std::string& commit,
                             const std::string& name) const {
  return fmt::format("{}/{}/resolve/{}/{}", endpoint, repository.id(), commit, url_encoded(name, true));
}

std::string Server::page_url(const Repository& repository) const {
  return fmt::format("{}/{}", endpoint, repository.id());
}

std::string Server::tree_url(const Repository& repository) const {
  return fmt::format("{}/tree/{}", page_url(repository), repository.revision);
}

bool may_pass(const HttpResult& result) {
  return result.fault == HttpFault::unreachable || result.fault == HttpFault::dropped ||
         (result.fault == HttpFault::none && passes(result.status));
}

RetryPolicy::RetryPolicy(const Server& server, const Repository& repository, Subject subject,
                         std::string what)
    : server_(server), repository_(repository), subject_(subject), what_(std::move(what)) {}

void RetryPolicy::wait_after(const HttpResult& result) {
  const auto now = std::chrono::steady_clock::now();
  const double elapsed_s = std::chrono::duration<double>(now - std::exchange(since_, now)).count();
  const auto gained = static_cast<double>(std::exchange(gained_bytes_, 0));
  if (gained > 0 && gained >= elapsed_s * static_cast<double>(kSlowest_bytes_per_s)) failures_ = 0;
  ++failures_;
  const bool unreachable = result.fault == HttpFault::unreachable;
  const int allowed = unreachable ? std::min(kRetriesUnreachable, server_.retries) : server_.retries;
  if (!may_pass(result) || failures_ > allowed || result.retry_after_s > server_.most_retry_after_s)
    refuse(server_, repository_, subject_, what_, result);

  milliseconds wait = backoff(failures_);
  if (result.retry_after_s > 0) wait = milliseconds(result.retry_after_s * 1000);
  server_.notice(fmt::format("{}: {}; trying again in {:.1f} s", what_, found(result),
                             static_cast<double>(wait.count()) / 1000));
  for (; wait.count() > 0 && !server_.stop; wait -= kSlice)
    std::this_thread::sleep_for(std::min(wait, kSlice));
}

Listing fetch_listing(const Server& server, const Repository& repository) {
  HttpClient client(&server.stop);
  const std::string url = fmt::format("{}/api/models/{}/revision/{}?blobs=true", server.endpoint,
                                      repository.id(), url_encoded(repository.revision, false));
  RetryPolicy policy(server, repository, Subject::listing, "list of files");
  for (;;) {
    std::string body;
    const HttpReceiver receiver{.begin = [&](const HttpStart&) { return true; },
                                .take =
                                    [&](std::span<const std::byte> bytes) {
                                      body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                                      return body.size() <= kMostListing_bytes;
                                    }};
    const HttpResult result = client.get({.url = url,
                                          .token = server.token.text,
                                          .most_ms = 1000 * kListingPatience * server.patience_s,
                                          .patience_s = server.patience_s},
                                         receiver);
    check(result.fault != HttpFault::unwanted,
          "{}: expected at most {} bytes, found more; choose another repository", url, kMostListing_bytes);
    if (result.fault == HttpFault::none && result.status == 200) {
      check(!is_html(body),
            "{}: expected the hub's list of files, found a page of HTML; sign in to this network if it asks "
            "for that, or see that $HF_ENDPOINT is a hub",
            url);
      return parse_listing(body, url);
    }
    policy.wait_after(result);
  }
}

}  // namespace janus::hub
