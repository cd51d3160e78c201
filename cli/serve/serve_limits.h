// What the server takes: of a connection, of a request, and of all of them together. docs/serving.md has the
// table, tests/serve/limits_test.cc a test at each border.
#pragma once

#include <cstdint>

#include "cli/serve/http/http_server.h"

namespace janus::cli {

struct ServeLimits {
  HttpLimits http;
  int64_t image_pixels = int64_t{1} << 26;  // of one image as it is sent: 200 MB decoded
  int64_t images = 16;                      // of one conversation
  int64_t max_tokens = 4096;                // of one answer; a request for more gets as many
  int64_t choices = 10;                     // answers or images of one request
  int64_t queue = 64;                       // requests of a model beyond as many as it has rows
  bool image_urls = false;                  // whether images are fetched where a message names an address
};

}  // namespace janus::cli
