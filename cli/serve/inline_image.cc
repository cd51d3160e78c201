#include "cli/serve/inline_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cli/serve/api_error.h"
#include "cli/serve/fetch_image.h"
#include "core/base/ascii.h"
#include "core/base/base64.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/machine_fault.h"
#include "vision/image_file.h"

namespace janus::cli {
namespace {

constexpr const char* kInvalidImage = "invalid_image";

[[noreturn]] void refuse_image(const std::string& param, std::string_view expected, std::string_view found,
                               std::string_view remedy) {
  refuse(param, expected, found, remedy, kInvalidImage);
}

// "https" of "https://example.org"; empty where there is none. Base64 holds no colon.
std::string scheme_of(std::string_view text) {
  const size_t colon = text.substr(0, 32).find(':');
  return colon == text.npos ? std::string() : ascii_lower(std::string(text.substr(0, colon)));
}

std::string_view data_of_url(std::string_view url, const std::string& param) {
  const size_t comma = url.find(',');
  const std::string head = ascii_lower(std::string(url.substr(0, std::min<size_t>(comma, 200))));
  if (comma == url.npos || !head.ends_with(";base64")) {
    refuse_image(param, "a data URL as data:image/png;base64,...", "one without ;base64,",
                 "encode the image so");
  }
  return url.substr(comma + 1);
}

std::vector<std::byte> bytes_of(const std::string& text, const std::string& param,
                                const ServeLimits& limits) {
  const std::string scheme = scheme_of(text);
  if (scheme == "http" || scheme == "https") {
    if (limits.image_urls) return fetch_image(text, param);
    refuse_image(param, "the image itself", "an address",
                 "send it as a data URL, or start the server with --allow-image-urls");
  }
  if (!scheme.empty() && scheme != "data") {
    refuse_image(param, "an image as a data URL or base64",
                 fmt::format("an address of the kind {}", excerpt(scheme)), "send the image itself");
  }
  const std::string_view base64 = scheme.empty() ? std::string_view(text) : data_of_url(text, param);
  std::optional<std::vector<std::byte>> bytes = from_base64(base64);
  if (!bytes) refuse_image(param, "an image in base64", "text that is none", "encode the whole file anew");
  if (bytes->empty()) refuse_image(param, "an image in base64", "none", "send the file's bytes");
  return std::move(*bytes);
}

Image decoded(std::span<const std::byte> bytes, const std::string& param, const ServeLimits& limits) {
  try {
    const ImageSize size = read_image_size(bytes, param, kMaxPixels);
    if (size.width * size.height > limits.image_pixels) {
      refuse_image(param, fmt::format("an image of at most {} pixels", limits.image_pixels),
                   fmt::format("{} x {}", size.width, size.height), "send a smaller one");
    }
    return decode_image(bytes, param, limits.image_pixels).image;
  } catch (const ApiError&) {
    throw;
  } catch (const MachineFault&) {
    throw;
  } catch (const Error& error) {
    throw ApiError(400, error.what(), kInvalidImage, param);
  }
}

}  // namespace

Image inline_image(const std::string& text, const std::string& param, const ServeLimits& limits) {
  return decoded(bytes_of(text, param, limits), param, limits);
}

PromptImage PromptImages::read(const std::string& text, const std::string& param) {
  if (count_ == limits_->images) {
    refuse_image(param, fmt::format("at most {} images", limits_->images), "more", "send fewer");
  }
  ++count_;
  const std::vector<std::byte> bytes = bytes_of(text, param, *limits_);
  return known_->find_or_make(
      bytes, [&] { return prompt_image(decoded(bytes, param, *limits_), model_->preprocess_config()); });
}

}  // namespace janus::cli
