// What one request may ask of the server.
#pragma once

#include <cstdint>

namespace janus::cli {

struct ServeLimits {
  int64_t body_bytes = int64_t{32} << 20;
  int64_t image_pixels = int64_t{1} << 26;  // of one image as it is sent: 200 MB decoded
  int64_t images = 16;                      // of one conversation
  int64_t max_tokens = 4096;                // of one answer; a request for more gets as many
  int64_t choices = 10;                     // answers or images of one request
  bool image_urls = false;                  // whether images are fetched where a message names an address
};

}  // namespace janus::cli
