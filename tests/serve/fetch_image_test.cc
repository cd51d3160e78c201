// Images that requests name by address: nothing that only this machine can reach is fetched.
#include "cli/serve/fetch_image.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <optional>

#include "cli/serve/api_error.h"
#include "cli/serve/inline_image.h"
#include "tests/cli/hub_server.h"

namespace janus::cli {
namespace {

using test::HttpQuery;

IpAddress address(const std::string& text) {
  IpAddress parsed{};
  const std::string six = text.find(':') == std::string::npos ? "::ffff:" + text : text;
  EXPECT_EQ(inet_pton(AF_INET6, six.c_str(), &parsed), 1) << text;
  return parsed;
}

TEST(PublicAddresses, AreThoseThatEverybodyMayReach) {
  for (const char* good : {"1.1.1.1",
                           "8.8.8.8",
                           "9.255.255.255",
                           "11.0.0.0",
                           "100.63.255.255",
                           "100.128.0.0",
                           "126.255.255.255",
                           "128.0.0.0",
                           "172.15.255.255",
                           "172.32.0.0",
                           "192.167.255.255",
                           "192.169.0.0",
                           "198.17.255.255",
                           "198.20.0.0",
                           "223.255.255.255",
                           "93.184.216.34",
                           "2606:2800:220:1::1",
                           "2a00:1450:4001::1",
                           "2001:4860:4860::8888",
                           "64:ff9b::808:808"}) {
    EXPECT_TRUE(is_public(address(good))) << good;
    EXPECT_EQ(to_text(address(good)), good);
  }
  for (const char* bad : {"0.0.0.0",
                          "0.1.2.3",
                          "10.0.0.0",
                          "10.255.255.255",
                          "100.64.0.0",
                          "100.127.255.255",
                          "127.0.0.1",
                          "127.255.255.255",
                          "169.254.169.254",
                          "172.16.0.0",
                          "172.31.255.255",
                          "192.0.0.8",
                          "192.0.2.1",
                          "192.168.0.0",
                          "192.168.255.255",
                          "192.88.99.1",
                          "198.18.0.0",
                          "198.19.255.255",
                          "198.51.100.7",
                          "203.0.113.7",
                          "224.0.0.1",
                          "239.255.255.255",
                          "240.0.0.0",
                          "255.255.255.255",
                          "::",
                          "::1",
                          "::127.0.0.1",
                          "fe80::1",
                          "febf::1",
                          "fec0::1",
                          "fc00::1",
                          "fdff::1",
                          "ff02::1",
                          "64:ff9b::7f00:1",
                          "64:ff9b::a9fe:a9fe",
                          "64:ff9b:1::1",
                          "100::1",
                          "2001::1",
                          "2001:10::1",
                          "2001:db8::1",
                          "2002:7f00:1::1",
                          "3fff::1",
                          "4000::1",
                          "1fff::1"}) {
    EXPECT_FALSE(is_public(address(bad))) << bad;
  }
}

// What a fetch is refused with; empty where it is not.
std::string refusal(const std::string& url, const FetchOptions& options) {
  try {
    fetch_image(url, "image_url", options);
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status, 400);
    EXPECT_EQ(error.param, "image_url");
    EXPECT_EQ(error.code, "invalid_image_url");
    return error.what();
  }
  return {};
}

FetchOptions names_mean(std::vector<std::string> addresses) {
  FetchOptions options;
  options.resolve = [addresses](const std::string&) {
    std::vector<IpAddress> found;
    for (const std::string& text : addresses) found.push_back(address(text));
    return found;
  };
  return options;
}

TEST(FetchImage, RefusesHostsWithAnAddressThatIsPrivate) {
  for (const auto& addresses : std::vector<std::vector<std::string>>{
           {"127.0.0.1"}, {"169.254.169.254"}, {"::1"}, {"93.184.216.34", "10.0.0.1"}, {"fd00::1"}}) {
    const std::string message = refusal("http://example.org/a.png", names_mean(addresses));
    EXPECT_NE(message.find("example.org, which is private"), std::string::npos) << message;
  }
  EXPECT_NE(refusal("http://example.org/a.png", names_mean({})).find("none for example.org"),
            std::string::npos);
  // The system's resolver reads these itself; none of them leaves this machine.
  for (const char* host :
       {"127.0.0.1", "localhost", "[::1]", "0", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]"}) {
    EXPECT_NE(refusal(std::string("http://") + host + ":1/a.png", {}), "") << host;
  }
}

TEST(FetchImage, RefusesAddressesThatMayBeReadInTwoWays) {
  const FetchOptions options = names_mean({"93.184.216.34"});
  for (const char* url : {"http://good.example@127.0.0.1/", "http://a\\@b/", "http://a b/", "http://a\n/",
                          "http:///a.png", "http://ex%61mple.org/",
                          "http://b\xc3\xbc"
                          "cher.example/",
                          "http://[::1/", "http://:80/", "https:a.png"}) {
    EXPECT_NE(refusal(url, options), "") << url;
  }
}

class FetchImageServer : public testing::Test {
 protected:
  void SetUp() override {
    if (JANUS_WITH_CURL == 0) GTEST_SKIP() << "built without libcurl";
  }

  // Fetches from this machine, under a name that only the test knows.
  static FetchOptions local() {
    FetchOptions options = names_mean({"127.0.0.1"});
    options.may_reach = [](const IpAddress&) { return true; };
    return options;
  }
  static std::string url(const test::HttpServer& server, const std::string& path) {
    return server.url("pictures.example") + path;
  }
};

TEST_F(FetchImageServer, ConnectsToTheAddressThatWasChecked) {
  std::string host;
  test::HttpServer server([&](const HttpQuery& query) {
    host = query.header("host");
    return test::HttpReply{.body = "picture", .headers = {{"Content-Type", "image/png"}}};
  });
  const auto bytes = fetch_image(url(server, "/a.png"), "image_url", local());
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), "picture");
  EXPECT_EQ("http://" + host, server.url("pictures.example"));
}

TEST_F(FetchImageServer, RefusesWhatIsNoImage) {
  test::HttpServer server([&](const HttpQuery& query) -> test::HttpReply {
    if (query.target == "/moved") return {.status = 302, .headers = {{"Location", "/a.png"}}};
    if (query.target == "/page") return {.body = "<html>", .headers = {{"Content-Type", "text/html"}}};
    if (query.target == "/missing") return {.status = 404};
    if (query.target == "/large") return {.body = std::string(4096, 'a')};
    if (query.target == "/slow") return {.body = "abc", .break_after = 1, .stall_ms = 3000};
    return {.body = "picture"};
  });
  FetchOptions options = local();
  options.most_bytes = 4095;
  options.most_ms = 300;
  const auto refused = [&](const char* path) { return refusal(url(server, path), options); };
  EXPECT_NE(refused("/moved").find("leads on"), std::string::npos);
  EXPECT_NE(refused("/page").find("text/html"), std::string::npos);
  EXPECT_NE(refused("/missing").find("404"), std::string::npos);
  EXPECT_NE(refused("/large").find("4095 bytes"), std::string::npos);
  EXPECT_NE(refused("/slow"), "");
  EXPECT_EQ(refused("/a.png"), "");
}

TEST(InlineImage, FetchesOnlyWhereTheServerAllowsIt) {
  ServeLimits limits;
  const auto message = [&]() -> std::string {
    try {
      inline_image("http://localhost/a.png", "image_url", limits);
    } catch (const ApiError& error) {
      return error.what();
    }
    return {};
  };
  EXPECT_NE(message().find("--allow-image-urls"), std::string::npos);
  limits.image_urls = true;
  EXPECT_EQ(message().find("--allow-image-urls"), std::string::npos);
  EXPECT_NE(message().find("private"), std::string::npos) << message();
}

}  // namespace
}  // namespace janus::cli
