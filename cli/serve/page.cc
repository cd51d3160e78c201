// The web page at "/": its files, which need no key, so that the page can ask for one.
#include <fmt/format.h>

#include <algorithm>

#include "cli/serve/page_files.h"
#include "cli/serve/service.h"

namespace janus::cli {
namespace {

// The page has nothing but its own files: no script or style within its text, nothing of another server, no
// frame around it. Images are made from replies ("blob:").
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'";

HttpReply reply_of(const PageFile& file, const HttpRequest& request) {
  HttpReply reply{.type = file.type,
                  .headers = {{"ETag", file.etag},
                              {"Cache-Control", "no-cache"},  // asked again each time, sent only when changed
                              {"Content-Security-Policy", kPolicy},
                              {"Cross-Origin-Opener-Policy", "same-origin"},
                              {"Cross-Origin-Resource-Policy", "same-origin"},
                              {"Referrer-Policy", "no-referrer"}}};
  const auto known = request.headers.find("if-none-match");
  if (known != request.headers.end() && has_etag(known->second, file.etag)) {
    reply.status = 304;
  } else {
    reply.body = file.text;
  }
  return reply;
}

void answer(const std::shared_ptr<Exchange>& exchange, std::string_view name) {
  const auto file = std::ranges::find(page_files(), name, &PageFile::name);
  if (file == page_files().end()) {
    throw ApiError(404,
                   fmt::format("path {}: expected a file of the page, found none of that name",
                               exchange->request().path),
                   "not_found");
  }
  exchange->reply(reply_of(*file, exchange->request()));
}

}  // namespace

void add_page(Router& router) {
  static constexpr std::string_view kFolder = "/page/";
  const RouteTraits traits{.open = true, .quick = true};
  router.add(
      "GET", "/", [](const auto& exchange) { answer(exchange, "index.html"); }, traits);
  router.add(
      "GET", std::string(kFolder) + "{file}",
      [](const auto& exchange) { answer(exchange, exchange->request().path.substr(kFolder.size())); },
      traits);
}

}  // namespace janus::cli
