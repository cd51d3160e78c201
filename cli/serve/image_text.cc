#include "cli/serve/image_text.h"

#include <fmt/format.h>
#include <janus/version.h>

#include "cli/commands/image_settings.h"
#include "vision/contact_sheet.h"

namespace janus::cli {
namespace {

// The shortest decimal number that is this one in single precision: what the request said.
double decimal(float value) { return std::stod(fmt::format("{}", value)); }

}  // namespace

ImageText image_text(const ImageRequest& request, const ModelSummary& summary, const Image& made,
                     const ImageForm& form) {
  Json settings{{"prompt", request.prompt}};
  if (!request.negative_prompt.empty()) settings["negative_prompt"] = request.negative_prompt;
  settings.update({{"seed", request.sampling.seed}, {"cfg_scale", decimal(*request.guidance)}});
  if (request.steps) {
    settings["steps"] = *request.steps;
  } else {
    settings.update({{"temperature", decimal(request.sampling.temperature)},
                     {"top_k", request.sampling.top_k},
                     {"top_p", decimal(request.sampling.top_p)}});
  }
  settings.update({{"width", form.side == 0 ? made.width : form.side},
                   {"height", form.side == 0 ? made.height : form.side}});
  // Enlarged by a whole number, it is what --upscale makes.
  const int upscale = form.side / made.width;
  if (upscale * made.width == form.side && kEnlargements.holds(upscale)) settings["upscale"] = upscale;
  if (form.format != ImageFormat::png) settings["quality"] = form.quality;
  settings.update({{"model", summary.name},
                   {"model_fingerprint", summary.fingerprint},
                   {"type", summary.asked_type},
                   {"device", summary.device},
                   {"version", JANUS_VERSION}});
  return settings_text(settings);
}

}  // namespace janus::cli
