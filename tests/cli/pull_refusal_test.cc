// What janus pull says when it is not let in, and whether doing that would help.
#include <gtest/gtest.h>

#include "tests/cli/pull_fixture.h"

namespace janus::test {
namespace {

namespace fs = std::filesystem;

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

class Refused : public Pull {
 protected:
  // One line that holds all of `parts` and no secret.
  void expect_refusal(const HttpReply& reply, std::map<std::string, std::string> environment,
                      const std::vector<std::string>& parts, const std::string& name = kId) {
    serve([&](const HttpQuery&) { return reply; });
    Surroundings with = around();
    with.environment.merge(environment);
    const Result result = run({"pull", name, "-q", "--retries", "0"}, with);
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    for (const std::string& part : parts) EXPECT_TRUE(has(result.err, part)) << part << " in " << result.err;
    EXPECT_FALSE(has(result.err, kToken)) << result.err;
  }
  static HttpReply reply(int status, const std::string& code = {}, const std::string& message = {}) {
    HttpReply reply{.status = status};
    if (!code.empty()) reply.headers["x-error-code"] = code;
    if (!message.empty()) reply.headers["X-Error-Message"] = message;
    return reply;
  }
};

TEST_F(Refused, AGatedRepositoryWantsItsTermsAcceptedAndAToken) {
  const std::string page = std::string("/") + kId;
  expect_refusal(reply(401, "GatedRepo", "Access to model is restricted"), {},
                 {"accept them on ", page, "set $HF_TOKEN", "Access to model is restricted"});
  expect_refusal(reply(403, "GatedRepo"), {{"HF_TOKEN", kToken}},
                 {"accept them on ", page, "the account of $HF_TOKEN"});
  expect_refusal(reply(401, "GatedRepo"), {{"HF_TOKEN", kToken}, {"HF_HUB_DISABLE_IMPLICIT_TOKEN", "1"}},
                 {"unset $HF_HUB_DISABLE_IMPLICIT_TOKEN"});
}

TEST_F(Refused, ATokenThatIsNoneIsNamedByItsPlace) {
  expect_refusal(reply(401, "", "Invalid credentials in Authorization header"), {{"HF_TOKEN", kToken}},
                 {"the token of $HF_TOKEN", "/settings/tokens", "HF_HUB_DISABLE_IMPLICIT_TOKEN=1"});
  fs::create_directory(path("hf"));
  write_file(path("hf/token"), kToken);
  expect_refusal(reply(401), {{"HF_HOME", path("hf")}},
                 {"the token of " + path("hf/token"), "hf auth login"});
  expect_refusal(reply(403), {{"HF_HOME", path("hf")}}, {"this token may read that repository"});
}

TEST_F(Refused, TheTokenOfALoginIsSent) {
  fs::create_directory(path("hf"));
  write_file(path("hf/token"), kToken + "\n");
  serve();
  Surroundings with = around();
  with.environment["HF_HOME"] = path("hf");
  EXPECT_EQ(run({"pull", kId, "-q"}, with).code, 0);
  for (const HttpQuery& query : server_->queries()) {
    EXPECT_EQ(query.header("authorization"), "Bearer " + kToken) << query.target;
  }
}

TEST_F(Refused, WhatIsNotThereIsToldApart) {
  expect_refusal(reply(404, "RepoNotFound"), {},
                 {"there is no such", "check the name", "unset $HF_ENDPOINT"});
  expect_refusal(reply(404, "RepoNotFound"), {{"HF_TOKEN", kToken}},
                 {"the account of $HF_TOKEN may not see it"});
  expect_refusal(reply(404, "RevisionNotFound"), {}, {"expected the revision dev", "choose a branch"},
                 std::string(kId) + "@dev");
  expect_refusal(reply(401, "RepoNotFound"), {}, {"no such repository, or one that is not for all"});
  expect_refusal(reply(403, "", "Access to this resource is disabled."), {}, {"choose another"});
}

TEST_F(Refused, AFileThatIsListedAndNotThereIsTheServersFault) {
  serve([](const HttpQuery& query) -> std::optional<HttpReply> {
    return query.target.ends_with(kTarget) ? std::optional(HttpReply{.status = 404}) : std::nullopt;
  });
  const Result result = pull({"-q"});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_TRUE(has(result.err, "not of one time; try again later")) << result.err;
}

TEST_F(Refused, AServerThatFailsIsNotTheUsersFault) {
  expect_refusal(reply(503), {}, {"status 503", "the fault is the server's", "unset $HF_ENDPOINT"});
  expect_refusal(reply(429), {}, {"too many requests", "set $HF_TOKEN"});
  expect_refusal(reply(418), {}, {"status 418", "see that $HF_ENDPOINT is a hub"});
}

TEST_F(Refused, APageOfASignInIsNoList) {
  expect_refusal({.body = " \n<!DOCTYPE html><html>"}, {}, {"a page of HTML", "sign in to this network"});
}

TEST_F(Refused, AProxyThatRefusesIsNamedAndNotWhatIsInIt) {
  for (const int status : {407, 403}) {
    HttpServer proxy([=](const HttpQuery&) { return HttpReply{.status = status}; });
    const std::string address = "http://user:" + kToken + "@" + proxy.url().substr(7);
    const Result result =
        run({"pull", kId, "-q", "--retries", "0"}, {.environment = {{"HF_ENDPOINT", "https://hub.invalid"},
                                                                    {"https_proxy", address},
                                                                    {"HF_HUB_CACHE", path("cache")}}});
    EXPECT_EQ(result.code, 1);
    expect_one_error(result.err);
    EXPECT_TRUE(has(result.err, "the proxy in $https_proxy")) << result.err;
    EXPECT_TRUE(has(result.err, "status " + std::to_string(status))) << result.err;
    EXPECT_TRUE(has(result.err, status == 407 ? "http://USER:PASSWORD@HOST" : "$no_proxy")) << result.err;
    EXPECT_FALSE(has(result.err, kToken)) << result.err;
  }
  serve([](const HttpQuery&) { return HttpReply{.status = 407}; });
  const Result plain = run({"pull", kId, "-q"}, {.environment = {{"HF_ENDPOINT", "http://hub.invalid"},
                                                                 {"http_proxy", server_->url()},
                                                                 {"HF_HUB_CACHE", path("cache")}}});
  EXPECT_TRUE(has(plain.err, "the proxy in $http_proxy")) << plain.err;
}

TEST_F(Refused, WithoutANetworkProxyAndMirrorAreNamedWhereTheyAreSet) {
  const Result mirror = pull_without_server({"-q"});
  EXPECT_TRUE(has(mirror.err, "the address in $HF_ENDPOINT")) << mirror.err;
  EXPECT_FALSE(has(mirror.err, "proxy")) << mirror.err;
  const Result proxy = pull_without_server({"-q"}, {.environment = {{"http_proxy", "http://127.0.0.1:1"}}});
  EXPECT_TRUE(has(proxy.err, "the proxy in $http_proxy")) << proxy.err;
}

TEST_F(Refused, ACacheThatCannotBeMadeNamesTheVariableThatHelps) {
  write_file(path("file"), "");
  serve();
  const Result result =
      run({"pull", kId, "-q"},
          {.environment = {{"HF_ENDPOINT", server_->url()}, {"HF_HUB_CACHE", path("file")}}});
  EXPECT_EQ(result.code, 1);
  expect_one_error(result.err);
  EXPECT_TRUE(has(result.err, "set $HF_HUB_CACHE")) << result.err;
}

}  // namespace
}  // namespace janus::test
