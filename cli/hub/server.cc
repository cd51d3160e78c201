#include "cli/hub/server.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>
#include <thread>

#include "core/base/error.h"

namespace janus::hub {
namespace {

using std::chrono::milliseconds;

constexpr const char* kPublicHub = "https://huggingface.co";
constexpr milliseconds kFirstWait{500}, kLongestWait{30000}, kSlice{50};
constexpr int64_t kMostRetryAfter_s = 300;  // beyond that, whoever waits should know what for
constexpr size_t kMostListing_bytes = 64 << 20;
// Where there is no network, more would only hide it.
constexpr int kRetriesUnreachable = 1;

bool is_printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
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

std::string found(const HttpResult& result) {
  return result.fault == HttpFault::none ? fmt::format("status {}", result.status) : result.reason;
}

}  // namespace

void Server::read_environment() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return value != nullptr ? std::string(value) : std::string();
  };
  endpoint = variable("HF_ENDPOINT").empty() ? kPublicHub : variable("HF_ENDPOINT");
  while (endpoint.ends_with('/')) endpoint.pop_back();
  const bool http = endpoint.starts_with("http://") || endpoint.starts_with("https://");
  check(http && is_printable(endpoint) && endpoint.find_first_of("@?#\\") == std::string::npos,
        "hub, $HF_ENDPOINT: expected http:// or https:// and a host, found something else; set it as in {}",
        kPublicHub);
  token = variable("HF_TOKEN");
  token.erase(0, token.find_first_not_of(" \t\r\n"));
  token.erase(token.find_last_not_of(" \t\r\n") + 1);
  check(is_printable(token),
        "hub, $HF_TOKEN: expected a token of printable ASCII, found other characters; copy it anew");
}

std::string Server::file_url(const Repository& repository, const std::string& commit,
                             const std::string& name) const {
  return fmt::format("{}/{}/resolve/{}/{}", endpoint, repository.id(), commit, url_encoded(name, true));
}

std::string Server::page_url(const Repository& repository) const {
  return fmt::format("{}/{}/tree/{}", endpoint, repository.id(), repository.revision);
}

std::string by_hand(const Repository& repository, const std::string& page_url) {
  return fmt::format("by hand: save the files of {} into a folder {} and give -m that folder", page_url,
                     repository.name);
}

RetryPolicy::RetryPolicy(const Server& server, const Repository& repository, std::string what)
    : server_(server), repository_(repository), what_(std::move(what)) {}

void RetryPolicy::wait_after(const HttpResult& result) {
  ++failures_;
  const bool unreachable = result.fault == HttpFault::unreachable;
  const bool passing = unreachable || result.fault == HttpFault::dropped ||
                       (result.fault == HttpFault::none && passes(result.status));
  const int allowed = unreachable ? std::min(kRetriesUnreachable, server_.retries) : server_.retries;
  if (!passing || failures_ > allowed || result.retry_after_s > kMostRetryAfter_s) give_up(result);

  milliseconds wait = backoff(failures_);
  if (result.retry_after_s > 0) wait = milliseconds(result.retry_after_s * 1000);
  server_.notice(fmt::format("{}: {}; trying again in {:.1f} s", what_, found(result),
                             static_cast<double>(wait.count()) / 1000));
  for (; wait.count() > 0 && !server_.stop; wait -= kSlice)
    std::this_thread::sleep_for(std::min(wait, kSlice));
}

void RetryPolicy::give_up(const HttpResult& result) const {
  const std::string where = fmt::format("pull {}, {}", repository_.to_string(), what_);
  constexpr const char* kAgain = "run the command again, it goes on where it stopped";
  if (result.fault == HttpFault::unreachable) {
    fail(
        "{}: expected an answer from {}, found none: {}; check the network, the proxy ($https_proxy) and "
        "$HF_ENDPOINT, "
        "or {}",
        where, server_.endpoint, result.reason, by_hand(repository_, server_.page_url(repository_)));
  }
  if (result.fault == HttpFault::untrusted) {
    fail(
        "{}: expected a certificate of {} that this machine trusts, found: {}; install the package "
        "ca-certificates, or name your network's own certificates by $SSL_CERT_FILE",
        where, server_.endpoint, result.reason);
  }
  if (result.fault != HttpFault::none) {
    fail("{}: expected all of it, found {}; {}", where, result.reason, kAgain);
  }
  switch (result.status) {
    case 401:
    case 403:
      fail(
          "{}: expected to be let in, found status {}: no such repository, or one that is not for all; check "
          "the "
          "name{}",
          where, result.status,
          server_.token.empty() ? ", accept its terms on its page and set $HF_TOKEN"
                                : ", and that the account of $HF_TOKEN has accepted its terms");
    case 404:
      fail("{}: expected a repository and revision of {}, found status 404: there is no such; check the name",
           where, server_.endpoint);
    case 429:
      fail("{}: expected an answer, found status 429: too many requests; wait {}, then {}", where,
           result.retry_after_s > 0 ? fmt::format("{} s", result.retry_after_s) : "some minutes", kAgain);
    default:
      fail("{}: expected an answer, found status {}; try again later, or {}", where, result.status,
           by_hand(repository_, server_.page_url(repository_)));
  }
}

Listing fetch_listing(const Server& server, const Repository& repository) {
  HttpClient client(&server.stop);
  const std::string url = fmt::format("{}/api/models/{}/revision/{}?blobs=true", server.endpoint,
                                      repository.id(), url_encoded(repository.revision, false));
  RetryPolicy policy(server, repository, "list of files");
  for (;;) {
    std::string body;
    const HttpReceiver receiver{.begin = [&](const HttpStart&) { return true; },
                                .take =
                                    [&](std::span<const std::byte> bytes) {
                                      body.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                                      return body.size() <= kMostListing_bytes;
                                    }};
    const HttpResult result = client.get({.url = url, .token = server.token}, receiver);
    check(result.fault != HttpFault::unwanted,
          "{}: expected at most {} bytes, found more; choose another repository", url, kMostListing_bytes);
    if (result.fault == HttpFault::none && result.status == 200) return parse_listing(body, url);
    policy.wait_after(result);
  }
}

}  // namespace janus::hub
