#include "cli/serve/image_text.h"

#include <janus/version.h>

#include "cli/commands/image_settings.h"

namespace janus::cli {

ImageText image_text(const ImageRequest& request, const ModelCard& card, int width, int height) {
  Json settings{{"prompt", request.prompt}};
  if (!request.negative_prompt.empty()) settings["negative_prompt"] = request.negative_prompt;
  settings.update({{"seed", request.sampling.seed},
                   {"guidance", rounded(request.guidance)},
                   {"temperature", rounded(request.sampling.temperature)},
                   {"top_k", request.sampling.top_k},
                   {"top_p", rounded(request.sampling.top_p)},
                   {"width", width},
                   {"height", height},
                   {"model", card.name},
                   {"type", card.type},
                   {"device", card.device},
                   {"version", JANUS_VERSION}});
  return settings_text(settings);
}

}  // namespace janus::cli
