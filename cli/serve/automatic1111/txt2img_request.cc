#include "cli/serve/automatic1111/txt2img_request.h"

#include <random>

#include "cli/serve/request_json.h"
#include "generator/limits.h"

namespace janus::cli {
namespace {

constexpr IntRange kSides{.low = 16, .high = 2048};

// Those of AUTOMATIC1111 are random by default.
uint32_t seed_of(const RequestFields& fields) {
  const int64_t seed = fields.integer("seed", -1, {.low = -1, .high = kSeeds.high});
  return seed < 0 ? std::random_device{}() : static_cast<uint32_t>(seed);
}

// Images are squares, as the model makes them.
int side_of(const RequestFields& fields) {
  const int64_t width = fields.integer("width", 512, kSides);
  const int64_t height = fields.integer("height", width, kSides);
  if (width != height) {
    throw ApiError(400,
                   fmt::format("height: expected {}, the width, since images are square, found {}; ask for a "
                               "square and crop it",
                               width, height),
                   {}, "height");
  }
  return static_cast<int>(width);
}

}  // namespace

Txt2Img read_txt2img(const nlohmann::json& body, const ServeLimits& limits) {
  const RequestFields fields(body);
  Txt2Img request;
  request.body = body;
  request.image.prompt = fields.required_text("prompt");
  request.image.negative_prompt = fields.text("negative_prompt");
  request.image.guidance = static_cast<float>(fields.number("cfg_scale", request.image.guidance, kGuidance));
  request.image.sampling.seed = seed_of(fields);
  const IntRange counts{.low = 1, .high = limits.choices};
  request.batch_size = static_cast<int>(fields.integer("batch_size", 1, counts));
  request.n_iter = static_cast<int>(fields.integer("n_iter", 1, counts));
  if (request.count() > limits.choices) {
    throw ApiError(400,
                   fmt::format("n_iter: expected at most {} images of a request, found {} x {}; ask twice",
                               limits.choices, request.batch_size, request.n_iter),
                   {}, "n_iter");
  }
  request.side = side_of(fields);
  request.send_images = fields.boolean("send_images", true);
  return request;
}

}  // namespace janus::cli
