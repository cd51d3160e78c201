#include "cli/hub/refusal.h"

#include "cli/hub/environment.h"
#include "core/base/json.h"

namespace janus::hub {
namespace {

constexpr const char* kAgain = "run the command again, it goes on where it stopped";
constexpr int kProxyAsksForLogin = 407;

bool holds(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// The repository where no revision of its own is asked for.
bool is_main(const Repository& repository) { return repository.revision == kMain; }

class Refusal {
 public:
  Refusal(const Server& server, const Repository& repository, Subject subject, const std::string& what,
          const HttpResult& result)
      : server_(server),
        repository_(repository),
        subject_(subject),
        where_(fmt::format("pull {}, {}", repository.to_string(), what)),
        result_(result),
        proxy_(proxy_variable(server.endpoint)),
        mirror_(!variable("HF_ENDPOINT").empty()) {}

  [[noreturn]] void raise() const {
    if (result_.fault != HttpFault::none) raise_fault();
    switch (result_.status) {
      case 401:
      case 403:
        raise_not_let_in();
      case 404:
      case 410:
        raise_not_there();
      case kProxyAsksForLogin:
        raise_proxy();
      case 429:
        no_answer(fmt::format(
            "{}: expected an answer, found status 429: too many requests; wait {}{}, then {}", where_,
            result_.retry_after_s > 0 ? asked_wait() : "some minutes",
            server_.token.text.empty() ? " (or set $HF_TOKEN: whoever is known may ask more often)" : "",
            kAgain));
      default:
        break;
    }
    if (may_pass(result_)) {
      no_answer(
          fmt::format("{}: expected an answer of {}, found {}: the fault is the server's; try again "
                      "{}, or {}",
                      where_, server_.endpoint, found(result_),
                      result_.retry_after_s > 0 ? "in " + asked_wait() : "later", other_endpoint()));
    }
    fail("{}: expected an answer of the hub, found {} from {}; {}", where_, found(result_), server_.endpoint,
         what_stands_between());
  }

 private:
  // As long as the server asks for, and how to have janus wait where that is more than it does.
  std::string asked_wait() const {
    const int64_t asked_s = result_.retry_after_s;
    const bool can_wait = asked_s > server_.most_retry_after_s && asked_s <= kMostPatience_s;
    return fmt::format("{} s{}", asked_s, can_wait ? fmt::format(" (or give --timeout {})", asked_s) : "");
  }

  [[noreturn]] void no_answer(const std::string& message) const {
    throw NoAnswer(message, fmt::format("{} did not answer: {}", server_.endpoint, found(result_)));
  }

  [[noreturn]] void raise_fault() const {
    switch (result_.fault) {
      case HttpFault::unreachable:
        no_answer(fmt::format(
            "{}: expected an answer from {}, found none: {}; check the network{}{}, or by hand: save the "
            "files of {} into a folder {} where there is one, and give -m that folder",
            where_, server_.endpoint, result_.reason, proxy_.empty() ? "" : ", the proxy in " + proxy_,
            mirror_ ? ", the address in $HF_ENDPOINT" : "", server_.tree_url(repository_), repository_.name));
      case HttpFault::untrusted:
        no_answer(fmt::format("{}: expected a certificate of {} that this machine trusts, found: {}; {}",
                              where_, server_.endpoint, result_.reason, certificates()));
      case HttpFault::proxy:
        raise_proxy();
      case HttpFault::refused:
        fail("{}: expected an answer over http or https, found: {}; {}", where_, result_.reason,
             what_stands_between());
      default:
        no_answer(fmt::format("{}: expected all of it, found {}; {}", where_, result_.reason, kAgain));
    }
  }

  [[noreturn]] void raise_proxy() const {
    const std::string name = proxy_.empty() ? "a proxy" : "the proxy in " + proxy_;
    const char* remedy = result_.status == kProxyAsksForLogin
                             ? "write user and password into it, as http://USER:PASSWORD@HOST:PORT"
                             : "ask whoever runs it to let this host through, or name the host in $no_proxy";
    no_answer(fmt::format("{}: expected {} to connect to {}, found status {}; {}", where_, name,
                          server_.endpoint, result_.status, remedy));
  }

  std::string certificates() const {
    for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"}) {
      if (variable(name).empty()) continue;
      return fmt::format("see that ${} names a readable file that holds the certificate, or unset it", name);
    }
    if (holds(result_.reason, "expired") || holds(result_.reason, "not yet valid"))
      return "set this machine's clock if it is wrong, else try again later";
    return "install the package ca-certificates, or name your network's own certificates by $SSL_CERT_FILE";
  }

  std::string what_stands_between() const {
    if (mirror_) return fmt::format("see that $HF_ENDPOINT is a hub, as {} is", kPublicHub);
    if (!proxy_.empty())
      return fmt::format("see that the proxy in {} lets the hub's answers through", proxy_);
    return "see whether a proxy or a sign-in page of this network stands between";
  }

  // A repository that is not there and a private one look alike to whoever may not see it.
  [[noreturn]] void raise_not_let_in() const {
    const std::string found = hub::found(result_);
    const std::string page = server_.page_url(repository_);
    const Token& token = server_.token;
    if (holds(result_.error_message, "disabled")) {
      fail("{}: expected to be let in, found {}: the hub has closed the repository; choose another", where_,
           found);
    }
    if (token.text.empty()) {
      const char* back = is_on(variable("HF_HUB_DISABLE_IMPLICIT_TOKEN"))
                             ? ", and unset $HF_HUB_DISABLE_IMPLICIT_TOKEN"
                             : "";
      check(result_.error_code == "GatedRepo",
            "{}: expected to be let in, found {}: no such repository, or one that is not for all; check the "
            "name, or accept its terms on {} and set $HF_TOKEN (or log in with hf auth login){}",
            where_, found, page, back);
      fail(
          "{}: expected to be let in, found {}: the repository is for those who accepted its terms; accept "
          "them on {} and set $HF_TOKEN (or log in with hf auth login){}",
          where_, found, page, back);
    }
    if (result_.error_code == "GatedRepo") {
      fail(
          "{}: expected to be let in, found {}: the repository is for those who accepted its terms; accept "
          "them on {} with the account of {}, and wait where its owner decides",
          where_, found, page, token.source);
    }
    if (result_.status == 401) {
      fail(
          "{}: expected to be let in, found {}: the token of {} is not, or no more, one; make another on "
          "{}/settings/tokens (or log in with hf auth login), or go without: HF_HUB_DISABLE_IMPLICIT_TOKEN=1",
          where_, found, token.source, server_.endpoint);
    }
    fail(
        "{}: expected to be let in, found {}; accept the terms on {} with the account of {}, and see on "
        "{}/settings/tokens that this token may read that repository",
        where_, found, page, token.source, server_.endpoint);
  }

  [[noreturn]] void raise_not_there() const {
    if (subject_ == Subject::file) {
      fail(
          "{}: expected the file that {} lists, found {}: its list and its files are not of one time; try "
          "again later, or {}",
          where_, server_.endpoint, found(result_), other_endpoint());
    }
    if (result_.error_code == "RevisionNotFound") {
      fail(
          "{}: expected the revision {}, found {}: the repository has no such; choose a branch, tag or "
          "commit of {}",
          where_, repository_.revision, found(result_), server_.page_url(repository_));
    }
    fail("{}: expected a repository{} of {}, found {}: there is no such{}; check the name{}", where_,
         is_main(repository_) ? "" : " and revision", server_.endpoint, found(result_),
         server_.token.text.empty()
             ? ""
             : fmt::format(", or the account of {} may not see it", server_.token.source),
         mirror_ ? ", or unset $HF_ENDPOINT: a mirror may lack it" : "");
  }

  const Server& server_;
  const Repository& repository_;
  Subject subject_;
  std::string where_;
  const HttpResult& result_;
  std::string proxy_;
  bool mirror_;
};

}  // namespace

std::string found(const HttpResult& result) {
  if (result.fault != HttpFault::none) return result.reason;
  const std::string status = fmt::format("status {}", result.status);
  return result.error_message.empty() ? status
                                      : fmt::format("{} ({})", status, excerpt(result.error_message));
}

std::string other_endpoint() {
  return variable("HF_ENDPOINT").empty() ? "set $HF_ENDPOINT to a mirror"
                                         : fmt::format("unset $HF_ENDPOINT to ask {} itself", kPublicHub);
}

void refuse(const Server& server, const Repository& repository, Subject subject, const std::string& what,
            const HttpResult& result) {
  Refusal(server, repository, subject, what, result).raise();
}

}  // namespace janus::hub
