// Paths and methods of the server, and who may ask.
#include "cli/serve/route_table.h"

#include <gtest/gtest.h>

#include <fstream>

#include "cli/serve/admission.h"
#include "core/base/base64.h"

namespace janus::cli {
namespace {

int status_of(const RouteTable& routes, const std::string& method, const std::string& path) {
  try {
    (void)routes.find(method, path);
    return 200;
  } catch (const ApiError& error) {
    return error.status;
  }
}

class Routes : public testing::Test {
 protected:
  void SetUp() override {
    routes_.add("GET", "/v1/models", {});
    routes_.add("GET", "/v1/models/{model}", {});
    routes_.add("POST", "/v1/chat/completions", {});
    routes_.add("GET", "/health", {}, {.open = true, .quick = true});
  }
  RouteTable routes_;
};

TEST_F(Routes, FindPathsAndMethods) {
  EXPECT_EQ(status_of(routes_, "GET", "/v1/models"), 200);
  EXPECT_EQ(status_of(routes_, "HEAD", "/v1/models"), 200);
  EXPECT_EQ(status_of(routes_, "GET", "/v1/models/janus-tiny"), 200);
  EXPECT_EQ(status_of(routes_, "GET", "/v1/models/owner/repo"), 200);
  EXPECT_EQ(routes_.find("GET", "/v1/models/owner/repo").pattern, "/v1/models/{model}");
  EXPECT_EQ(status_of(routes_, "GET", "/v1/models/"), 404);
  EXPECT_EQ(status_of(routes_, "GET", "/v1"), 404);
  EXPECT_EQ(status_of(routes_, "GET", "/v1/chat/completions"), 405);
  EXPECT_EQ(status_of(routes_, "BREW", "/health"), 405);
  EXPECT_EQ(routes_.allowed("/v1/chat/completions"), "POST, OPTIONS");
  EXPECT_EQ(routes_.allowed("/v1/models/x"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(routes_.allowed("/none"), "");
}

class Admitted : public Routes {
 protected:
  int ask(const AdmissionSettings& settings, const std::string& method, const std::string& path,
          const std::map<std::string, std::string>& headers) {
    const Admission admission(settings, routes_);
    last_ = admission(
        {.method = method, .path = path, .query = {}, .headers = headers, .body = {}, .client = {}});
    return last_.answer ? last_.answer->status : 200;
  }
  std::string header(const std::string& name) const {
    HttpHeaders all = last_.headers;
    if (last_.answer) all.insert(all.end(), last_.answer->headers.begin(), last_.answer->headers.end());
    for (const auto& [key, value] : all) {
      if (key == name) return value;
    }
    return {};
  }
  HttpAdmission last_;
};

TEST_F(Admitted, ByKey) {
  const std::string file = testing::TempDir() + "/janus-keys";
  std::ofstream(file) << "# the first\nalpha-key\n\n  beta-key  \n";
  const AdmissionSettings settings{.keys = ApiKeys::read(file)};
  const auto with = [&](const std::map<std::string, std::string>& headers) {
    return ask(settings, "GET", "/v1/models", headers);
  };
  EXPECT_EQ(with({}), 401);
  EXPECT_EQ(header("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(with({{"authorization", "Bearer alpha-key"}}), 200);
  EXPECT_EQ(with({{"authorization", "bearer  beta-key"}}), 200);
  EXPECT_EQ(with({{"x-api-key", "beta-key"}}), 200);
  for (const std::string wrong :
       {"Bearer", "Bearer ", "Bearer alpha-ke", "Bearer alpha-keyy", "Bearer # the first", "Basic alpha-key",
        "alpha-key", "Bearer alpha-key beta-key"}) {
    EXPECT_EQ(with({{"authorization", wrong}}), 401) << wrong;
  }
  const auto basic = [&](const std::string& text) {
    return with({{"authorization", "Basic " + to_base64(std::as_bytes(std::span(text)))}});
  };
  EXPECT_EQ(basic("anyone:alpha-key"), 200);
  EXPECT_EQ(basic("alpha-key:"), 401);
  EXPECT_EQ(ask(settings, "GET", "/health", {}), 200);
  EXPECT_EQ(ask(settings, "GET", "/none", {}), 404);
}

TEST_F(Admitted, NoFileWithoutAKey) {
  const std::string file = testing::TempDir() + "/janus-no-keys";
  std::ofstream(file) << "# nothing\n\n";
  EXPECT_THROW(ApiKeys::read(file), Error);
  EXPECT_THROW(ApiKeys::read(file + "-missing"), Error);
}

TEST_F(Admitted, ByHostOnLoopback) {
  const AdmissionSettings settings{.hosts = {"janus.example"}};
  for (const std::string host : {"localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:8080",
                                 "10.1.2.3", "tools.localhost", "janus.example:443", ""}) {
    EXPECT_EQ(ask(settings, "GET", "/v1/models", {{"host", host}}), 200) << host;
  }
  for (const std::string host : {"evil.example", "evil.example:8080", "localhost.evil.example",
                                 "127.0.0.1.evil.example", "127.1", "janus.example.evil"}) {
    EXPECT_EQ(ask(settings, "GET", "/v1/models", {{"host", host}}), 403) << host;
  }
  EXPECT_EQ(ask({.loopback = false}, "GET", "/v1/models", {{"host", "evil.example"}}), 200);
}

TEST_F(Admitted, ByOrigin) {
  const std::map<std::string, std::string> own{{"host", "127.0.0.1:8080"},
                                               {"origin", "http://127.0.0.1:8080"}};
  const std::map<std::string, std::string> other{{"host", "127.0.0.1:8080"},
                                                 {"origin", "https://evil.example"}};
  const std::map<std::string, std::string> null{{"host", "127.0.0.1:8080"}, {"origin", "null"}};
  EXPECT_EQ(ask({}, "POST", "/v1/chat/completions", own), 200);
  EXPECT_EQ(ask({}, "POST", "/v1/chat/completions", other), 403);
  EXPECT_EQ(ask({}, "POST", "/v1/chat/completions", null), 403);
  EXPECT_EQ(ask({}, "GET", "/v1/models", other), 200);
  EXPECT_EQ(header("Access-Control-Allow-Origin"), "");
  std::map<std::string, std::string> proxied = other;
  proxied["sec-fetch-site"] = "same-origin";
  EXPECT_EQ(ask({}, "POST", "/v1/chat/completions", proxied), 200);
  const AdmissionSettings named{.origins = {"https://evil.example"}};
  EXPECT_EQ(ask(named, "POST", "/v1/chat/completions", other), 200);
  EXPECT_EQ(header("Access-Control-Allow-Origin"), "https://evil.example");
  EXPECT_EQ(ask(named, "POST", "/v1/chat/completions", null), 403);
  EXPECT_EQ(ask({.origins = {"*"}}, "POST", "/v1/chat/completions", other), 200);
}

TEST_F(Admitted, Preflights) {
  std::map<std::string, std::string> headers{{"host", "localhost"},
                                             {"origin", "https://app.example"},
                                             {"access-control-request-method", "POST"},
                                             {"access-control-request-headers", "content-type,x-extra"}};
  EXPECT_EQ(ask({.origins = {"https://app.example"}}, "OPTIONS", "/v1/chat/completions", headers), 204);
  EXPECT_EQ(header("Access-Control-Allow-Origin"), "https://app.example");
  EXPECT_EQ(header("Access-Control-Allow-Methods"), "POST, OPTIONS");
  EXPECT_EQ(header("Access-Control-Allow-Headers"), "content-type,x-extra");
  EXPECT_EQ(ask({}, "OPTIONS", "/v1/chat/completions", headers), 204);
  EXPECT_EQ(header("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(header("Access-Control-Allow-Methods"), "");
  EXPECT_EQ(header("Allow"), "POST, OPTIONS");
  EXPECT_EQ(ask({}, "OPTIONS", "/none", headers), 404);
}

}  // namespace
}  // namespace janus::cli
