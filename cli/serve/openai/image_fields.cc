#include "cli/serve/openai/image_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cli/serve/answer_run.h"
#include "cli/serve/image_text.h"
#include "cli/serve/sampling_fields.h"
#include "generator/engine/engine_model.h"
#include "generator/engine/latent_flow.h"
#include "generator/limits.h"

namespace janus::cli {

ImageFields read_image_fields(const RequestFields& fields, const std::string& prompt,
                              const std::string& prompt_param, const Model& model,
                              const ServeLimits& limits) {
  constexpr IntRange kPartialImages{.low = 0, .high = 3}, kCompression{.low = 0, .high = kQualities.high};
  ImageFields read;
  ImageRequest& request = read.job.request;
  request.prompt = prompt;
  request.negative_prompt = fields.text("negative_prompt");
  const char* guidance = fields.contains("guidance_scale") ? "guidance_scale" : "cfg_scale";
  const ImageDefaults defaults = model.engine_model().image_defaults();
  request.guidance = static_cast<float>(fields.number(guidance, defaults.guidance, kServedGuidance));
  if (defaults.flows()) request.steps = static_cast<int>(fields.integer("steps", defaults.steps, kFlowSteps));
  request.sampling = read_sampling(fields, request.sampling);
  read.job.count = static_cast<int>(fields.integer("n", 1, {.low = 1, .high = limits.choices}));
  read.job.partial_images = static_cast<int>(fields.integer("partial_images", 0, kPartialImages));
  const IntRange every{.low = 0, .high = request.steps.value_or(model.engine_model().code_lines())};
  read.job.preview_every = static_cast<int>(fields.integer("janus_preview_every", 0, every));
  read.form.side = side_of_size(fields.text("size"), fields.path_of("size"));
  read.form.format = format_of_name(fields.text("output_format", "png"), fields.path_of("output_format"));
  const int64_t quality = fields.integer("output_compression", kUsualQuality, kCompression);
  read.form.quality = static_cast<int>(std::max(quality, kQualities.low));
  check_text_length(prompt.size(), model, prompt_param);
  check_text_length(request.negative_prompt.size(), model, fields.path_of("negative_prompt"));
  as_bad_request(prompt_param, [&] {
    check_prompt(prompt_param.c_str(), prompt);
    const EngineModel& parts = model.engine_model();
    read.prompt_tokens = std::ssize(parts.image_prompt(prompt, request.special_tokens));
    check_image_prompt(parts, request);
  });
  return read;
}

ImageWriter::ImageWriter(const ImageFields& fields, std::shared_ptr<ServedModel> model)
    : fields_(fields), model_(std::move(model)) {}

std::string ImageWriter::base64(int k, const Image& image) const {
  const Image sized = in_size(image, fields_.form);
  ImageRequest request = fields_.job.request;
  request.sampling.seed = seed(k);
  return image_base64(sized, fields_.form, image_text(request, model_->summary(), image, fields_.form));
}

std::string ImageWriter::data_url(int k, const Image& image) const {
  return fmt::format("data:image/{};base64,{}", name_of(fields_.form.format), base64(k, image));
}

Json ImageWriter::form() const {
  const int native = model_->model().info().image_size;
  const int side = fields_.form.side == 0 ? native : fields_.form.side;
  return {{"size", fmt::format("{0}x{0}", side)},
          {"native_size", fmt::format("{0}x{0}", native)},
          {"quality", "high"},
          {"background", "opaque"},
          {"output_format", name_of(fields_.form.format)}};
}

Json ImageWriter::usage(int images) const {
  const EngineModel& parts = model_->model().engine_model();
  const LatentFlow* flow = parts.latent_flow();
  const int64_t each = flow != nullptr ? flow->tokens() : parts.code_lines() * parts.codes_per_line();
  const int64_t codes = each * images;
  return {{"input_tokens", fields_.prompt_tokens},
          {"output_tokens", codes},
          {"total_tokens", fields_.prompt_tokens + codes},
          {"input_tokens_details", {{"text_tokens", fields_.prompt_tokens}, {"image_tokens", 0}}}};
}

}  // namespace janus::cli
