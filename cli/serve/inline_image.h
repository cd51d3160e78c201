// The images that a request carries in its JSON.
#pragma once

#include <string>

#include "cli/serve/known_images.h"
#include "cli/serve/serve_limits.h"
#include "generator/engine/request.h"
#include "generator/model.h"

namespace janus::cli {

// The image that `text` is: a data URL in base64, bare base64, or, where the server allows it, an address to
// fetch it from (cli/serve/fetch_image.h), which may take a while. `param` names the field in messages.
// Throws ApiError (400, "invalid_image") for anything else, and for images beyond the limit of pixels.
Image inline_image(const std::string& text, const std::string& param, const ServeLimits& limits);

// Makes the images of one request what a model reads, and counts them.
class PromptImages {
 public:
  // All must outlive it. known: images of this model.
  PromptImages(const Model& model, KnownImages& known, const ServeLimits& limits)
      : model_(&model), known_(&known), limits_(&limits) {}

  // As inline_image(). Throws ApiError for one image too many, too.
  PromptImage read(const std::string& text, const std::string& param);

 private:
  const Model* model_;
  KnownImages* known_;
  const ServeLimits* limits_;
  int64_t count_ = 0;
};

}  // namespace janus::cli
