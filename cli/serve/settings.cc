#include "cli/serve/settings.h"

#include "cli/app/window_options.h"
#include "generator/limits.h"
#include "vision/image_file.h"

namespace janus::cli {
namespace {

constexpr IntRange kPorts{.low = 0, .high = 65535};
constexpr IntRange kRows{.low = 1, .high = 1024};
constexpr IntRange kCounts{.low = 1, .high = 100'000};
constexpr IntRange kFromNone{.low = 0, .high = 100'000};
constexpr IntRange kSeconds{.low = 1, .high = 86'400};
constexpr IntRange kDrainSeconds{.low = 0, .high = 86'400};
constexpr IntRange kKeptSeconds{.low = 1, .high = 31'536'000};
constexpr IntRange kBytes{.low = 1, .high = int64_t{1} << 32};

void declare_limits(OptionSet& options, ServeLimits& limits) {
  HttpLimits& http = limits.http;
  options.option("--queue", "N", number(limits.queue, kFromNone),
                 "requests of a model that wait, beside one a row; further ones are answered 429, {range}");
  options.option("--limit-tokens", "N", number(limits.max_tokens, kMaxTokens),
                 "longest answer; a request for more gets as many, {range}");
  options.option("--limit-count", "N", number(limits.choices, kCounts),
                 "answers or images of one request, {range}");
  options.option("--limit-images", "N", number(limits.images, kCounts),
                 "images in one conversation, {range}");
  options.option("--limit-pixels", "N", number(limits.image_pixels, kPixelLimits),
                 "pixels of an image that is sent, {range}");
  options.option("--limit-body", "BYTES", number(http.body_bytes, kBytes), "largest request, {range}");
  options.option("--limit-header", "BYTES", number(http.header_bytes, {.low = 256, .high = 1 << 20}),
                 "headers of a request, {range}");
  options.option("--limit-connections", "N", number(http.connections, kCounts), "open connections, {range}");
  options.option("--limit-address", "N", number(http.connections_an_address, kCounts),
                 "open connections of one client address, {range}");
  options.option("--header-seconds", "S", number(http.header_seconds, kSeconds),
                 "time for a connection's first request to begin, {range}");
  options.option("--body-seconds", "S", number(http.body_seconds, kSeconds),
                 "time for a request's body, {range}");
  options.option("--idle-seconds", "S", number(http.idle_seconds, kSeconds),
                 "time between requests, and for a client that takes no bytes, {range}");
}

}  // namespace

void declare_serve(OptionSet& options, ServeSettings& settings) {
  options.option("--host", "ADDRESS", some_text(settings.host),
                 "where to listen; an address that other machines reach needs --api-key-file");
  options.option("--port", "N", number(settings.port, kPorts), "{range}; 0: any that is free {default}");
  options.option("--api-key-file", "FILE", some_text(settings.api_key_file),
                 "keys, one a line: requests need one of them, as Authorization: Bearer KEY");
  options.flag("--insecure-no-key", settings.insecure_no_key,
               "listen at any address without keys: whoever reaches it may ask");
  options.option("--tls-cert", "FILE", some_text(settings.tls_cert),
                 "certificates in PEM, the server's own first: answers by https");
  options.option("--tls-key", "FILE", some_text(settings.tls_key), "the certificate's key in PEM");
  options.values("--allow-host", "NAME", settings.hosts,
                 "a name that this server has behind a proxy; may be given several times");
  options.values(
      "--cors-origin", "ORIGIN", settings.origins,
      "pages of this address, https://example.com, may ask; * for all; may be given several times");
  options.values(
      "--alias", "NAME=MODEL", settings.aliases,
      "another name for a model of -m, or for the first where it is NAME alone; may be given several "
      "times");
  options.option(
      "--rows", "N", number(settings.rows, kRows),
      "answers that are written side by side, an image takes two, {range} (default: as many as the "
      "device gains from)");
  declare_draft(options, settings.draft);
  declare_parallel(options, settings.parallel);
  options.option("--loaded", "N", number(settings.most_loaded, kCounts),
                 "models in memory at the same time, {range} (default: as many as it holds)");
  options.option("--keep-alive", "S", number(settings.keep_alive_s, kKeptSeconds),
                 "unload a model that nobody has asked for so many seconds, {range} (default: never)");
  options.option("--drain-seconds", "S", number(settings.drain_s, kDrainSeconds),
                 "time for requests under way after SIGTERM, {range}");
  options.flag("--allow-image-urls", settings.limits.image_urls,
               "fetch images that messages name by http addresses");
  options.flag("--log-content", settings.log_content, "requests' bodies in the log, without images");
  declare_limits(options, settings.limits);
}

}  // namespace janus::cli
