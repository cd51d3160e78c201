// What a request for images asks for: the fields of /v1/images/generations, and of the image_generation tool
// of responses.
#pragma once

#include <cstdint>

#include "cli/io/json_output.h"
#include "cli/serve/image_reply.h"
#include "cli/serve/image_run.h"
#include "cli/serve/request_json.h"
#include "cli/serve/serve_limits.h"

namespace janus::cli {

struct ImageFields {
  ImageJob job;
  ImageForm form;
  int64_t prompt_tokens = 0;
};

// Reads all but the prompt, which the caller has and which messages call `prompt_param`: size, output_format,
// output_compression, partial_images, janus_preview_every, n, negative_prompt, guidance_scale or cfg_scale,
// steps of a model that draws by flow, and those of sampling. Throws ApiError (400).
ImageFields read_image_fields(const RequestFields& fields, const std::string& prompt,
                              const std::string& prompt_param, const Model& model, const ServeLimits& limits);

// Writes images as a request asks for them.
class ImageWriter {
 public:
  ImageWriter(const ImageFields& fields, std::shared_ptr<ServedModel> model);

  // The file of image k in base64, with its settings.
  std::string base64(int k, const Image& image) const;
  std::string data_url(int k, const Image& image) const;

  // "size", "native_size", "quality", "background", "output_format": of the reply.
  Json form() const;
  // {"input_tokens", ...} of `images` images.
  Json usage(int images) const;
  uint32_t seed(int k) const { return fields_.job.request.sampling.seed + static_cast<uint32_t>(k); }

 private:
  const ImageFields fields_;
  const std::shared_ptr<ServedModel> model_;
};

}  // namespace janus::cli
