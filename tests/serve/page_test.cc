// The web page's files as the server hands them out.
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "cli/serve/page_files.h"
#include "cli/serve/route_table.h"
#include "cli/serve/service.h"
#include "tests/serve/recording_exchange.h"

namespace janus::cli {
namespace {

HttpReply get(const std::string& path, std::map<std::string, std::string> headers = {}) {
  RouteTable routes;
  add_page(routes);
  const auto exchange = std::make_shared<RecordingExchange>(
      HttpRequest{.method = "GET", .path = path, .headers = std::move(headers)});
  const Route& route = routes.find("GET", path);
  EXPECT_TRUE(route.traits.open) << path;  // without a key the page could not ask for one
  route.handler(exchange);
  return exchange->wait();
}

std::string header(const HttpReply& reply, const std::string& name) {
  for (const auto& [key, value] : reply.headers) {
    if (key == name) return value;
  }
  return {};
}

// All matches of the first group.
std::set<std::string> found(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> all;
  for (auto match = std::sregex_iterator(text.begin(), text.end(), regex); match != std::sregex_iterator();
       ++match) {
    all.insert((*match)[1]);
  }
  return all;
}

TEST(Page, EveryFileHasItsTypeAndMayUseNothingOfOthers) {
  const std::map<std::string, std::string> types = {{".html", "text/html; charset=utf-8"},
                                                    {".css", "text/css; charset=utf-8"},
                                                    {".js", "text/javascript; charset=utf-8"},
                                                    {".svg", "image/svg+xml"}};
  ASSERT_FALSE(page_files().empty());
  for (const PageFile& file : page_files()) {
    const HttpReply reply = get("/page/" + file.name);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.type, types.at(file.name.substr(file.name.rfind('.')))) << file.name;
    EXPECT_EQ(reply.body, file.text);
    const std::string policy = header(reply, "Content-Security-Policy");
    EXPECT_TRUE(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'; ")) << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos) << policy;
    EXPECT_EQ(policy.find("http"), std::string::npos) << policy;
  }
  EXPECT_EQ(get("/").body, get("/page/index.html").body);
}

TEST(Page, AFileThatTheClientHasIsNotSentAgain) {
  const std::string etag = header(get("/"), "ETag");
  ASSERT_GT(etag.size(), 2U);
  for (const std::string& known : {etag, "W/" + etag, "\"other\", " + etag, std::string("*")}) {
    const HttpReply reply = get("/", {{"if-none-match", known}});
    EXPECT_EQ(reply.status, 304) << known;
    EXPECT_EQ(reply.body, "") << known;
    EXPECT_EQ(header(reply, "ETag"), etag);
  }
  EXPECT_EQ(get("/", {{"if-none-match", "\"other\""}}).status, 200);
  EXPECT_EQ(get("/", {{"if-none-match", etag.substr(0, etag.size() - 2) + '"'}}).status, 200);
  EXPECT_NE(header(get("/page/style.css"), "ETag"), etag);
}

TEST(Page, OtherNamesAreNotFound) {
  for (const char* path : {"/page/none.js", "/page/../page.cc", "/page/index.html/", "/page//style.css"}) {
    try {
      get(path);
      ADD_FAILURE() << path;
    } catch (const ApiError& error) {
      EXPECT_EQ(error.status, 404) << path;
    }
  }
}

// What the page asks for is there, and nothing in it leads elsewhere.
TEST(Page, HoldsNoAddressOutside) {
  std::set<std::string> names;
  for (const PageFile& file : page_files()) names.insert(file.name);
  for (const PageFile& file : page_files()) {
    const std::string text(file.text);
    std::set<std::string> asked = found(text, "(?:href|src)=\"page/([^\"]*)\"");
    asked.merge(found(text, "from \"\\./([^\"]*)\""));
    for (const std::string& name : asked) EXPECT_TRUE(names.contains(name)) << file.name << ": " << name;

    // The name of a kind of markup is none that is asked for.
    for (const std::string& address : found(text, "([a-z]+://[^\"'\\s)]*)")) {
      EXPECT_EQ(address, "http://www.w3.org/2000/svg") << file.name;
    }
    EXPECT_TRUE(found(text, "((?:href|src)=\"(?:/|[a-z]+:)[^\"]*)").empty()) << file.name;
    EXPECT_TRUE(found(text, "((?:@import|url)\\s*\\()").empty()) << file.name;
  }
}

TEST(Page, HasNoScriptOrStyleWithinItsText) {
  const std::string text(get("/").body);
  EXPECT_TRUE(found(text, "(<script(?![^>]* src=)[^>]*>)").empty());
  EXPECT_TRUE(found(text, "(<style|\\sstyle=|\\son[a-z]+=)").empty());
  for (const PageFile& file : page_files()) {
    EXPECT_TRUE(found(std::string(file.text), "(innerHTML|outerHTML|insertAdjacentHTML|eval\\(|new Function)")
                    .empty())
        << file.name;
  }
}

}  // namespace
}  // namespace janus::cli
