#include "cli/serve/automatic1111/txt2img_request.h"

#include "cli/serve/image_reply.h"
#include "cli/serve/request_json.h"
#include "cli/serve/sampling_fields.h"
#include "generator/limits.h"

namespace janus::cli {
Txt2Img read_txt2img(const nlohmann::json& body, const ServeLimits& limits) {
  const RequestFields fields(body);
  Txt2Img request;
  request.body = body;
  request.image.prompt = fields.required_text("prompt");
  request.image.negative_prompt = fields.text("negative_prompt");
  if (fields.contains("cfg_scale"))
    request.image.guidance = static_cast<float>(fields.number("cfg_scale", 0, kServedGuidance));
  request.image.sampling.seed = read_seed(fields);
  const IntRange counts{.low = 1, .high = limits.choices};
  request.batch_size = static_cast<int>(fields.integer("batch_size", 1, counts));
  request.n_iter = static_cast<int>(fields.integer("n_iter", 1, counts));
  if (request.count() > limits.choices) {
    refuse("n_iter", fmt::format("at most {} images of a request", limits.choices),
           fmt::format("{} x {}", request.batch_size, request.n_iter), "ask twice");
  }
  const int64_t width = fields.integer("width", 512, kImageSides);
  request.form.side = square_side(width, fields.integer("height", width, kImageSides), "height");
  request.send_images = fields.boolean("send_images", true);
  return request;
}

void Txt2Img::settle(const ImageDefaults& defaults) {
  if (!image.guidance) image.guidance = defaults.guidance;
  if (!defaults.flows()) return;
  const nlohmann::json sent(body);
  image.steps = static_cast<int>(RequestFields(sent).integer("steps", defaults.steps, kFlowSteps));
}

}  // namespace janus::cli
