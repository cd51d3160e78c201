// What a request of /sdapi/v1/txt2img asks for.
#pragma once

#include <nlohmann/json.hpp>

#include "cli/io/json_output.h"
#include "cli/serve/image_reply.h"
#include "cli/serve/serve_limits.h"
#include "generator/engine/request.h"

namespace janus::cli {

struct Txt2Img {
  Json body;           // as it was sent: the reply repeats it
  ImageRequest image;  // of the first image; image k has its seed + k
  int batch_size = 1, n_iter = 1;
  ImageForm form;  // of the images in the reply
  bool send_images = true;

  int count() const { return batch_size * n_iter; }
};

// Throws ApiError (400). Steps, samplers, styles and override_settings are passed over: nothing of the kind
// is there.
Txt2Img read_txt2img(const nlohmann::json& body, const ServeLimits& limits);

}  // namespace janus::cli
