#include "cli/serve/image_text.h"

#include <janus/version.h>

#include "cli/commands/image_settings.h"
#include "vision/contact_sheet.h"

namespace janus::cli {

ImageText image_text(const ImageRequest& request, const ModelCard& card, const Image& made,
                     const ImageForm& form) {
  Json settings{{"prompt", request.prompt}};
  if (!request.negative_prompt.empty()) settings["negative_prompt"] = request.negative_prompt;
  settings.update({{"seed", request.sampling.seed},
                   {"cfg_scale", rounded(request.guidance)},
                   {"temperature", rounded(request.sampling.temperature)},
                   {"top_k", request.sampling.top_k},
                   {"top_p", rounded(request.sampling.top_p)},
                   {"width", form.side == 0 ? made.width : form.side},
                   {"height", form.side == 0 ? made.height : form.side}});
  // Enlarged by a whole number, it is what --upscale makes.
  const int upscale = form.side / made.width;
  if (upscale * made.width == form.side && kEnlargements.holds(upscale)) settings["upscale"] = upscale;
  if (form.format != ImageFormat::png) settings["quality"] = form.quality;
  settings.update({{"model", card.name},
                   {"model_fingerprint", card.fingerprint},
                   {"type", card.type},
                   {"device", card.device},
                   {"version", JANUS_VERSION}});
  return settings_text(settings);
}

}  // namespace janus::cli
