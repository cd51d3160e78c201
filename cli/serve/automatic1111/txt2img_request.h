// What a request of /sdapi/v1/txt2img asks for.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/io/json_output.h"
#include "cli/serve/image_reply.h"
#include "cli/serve/serve_limits.h"
#include "generator/engine/request.h"
#include "generator/image_defaults.h"

namespace janus::cli {

struct Txt2Img {
  Json body;           // as it was sent: the reply repeats it
  ImageRequest image;  // of the first image; image k has its seed + k
  int batch_size = 1, n_iter = 1;
  ImageForm form;  // of the images in the reply
  bool send_images = true;

  int count() const { return batch_size * n_iter; }
  // Takes from the model what is not given, and the steps where it draws by flow. Throws ApiError (400).
  void settle(const ImageDefaults& defaults);
};

// Throws ApiError (400). Samplers, styles and override_settings are passed over: nothing of the kind is
// there. Nor are there steps where images are codes.
Txt2Img read_txt2img(const nlohmann::json& body, const ServeLimits& limits);

}  // namespace janus::cli
