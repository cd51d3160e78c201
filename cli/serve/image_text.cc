#include "cli/serve/image_text.h"

#include "cli/io/json_output.h"
#include "generator/settings_text.h"
#include "vision/contact_sheet.h"

namespace janus::cli {

ImageText image_text(const ImageRequest& request, const ModelSummary& summary, const Image& made,
                     const ImageForm& form) {
  Json settings = request_settings(request);
  settings.update({{"width", form.side == 0 ? made.width : form.side},
                   {"height", form.side == 0 ? made.height : form.side}});
  // Enlarged by a whole number, it is what --upscale makes.
  const int upscale = form.side / made.width;
  if (upscale * made.width == form.side && kEnlargements.holds(upscale)) settings["upscale"] = upscale;
  if (form.format != ImageFormat::png) settings["quality"] = form.quality;
  settings.update(provenance_json({.model = summary.name,
                                   .fingerprint = summary.fingerprint,
                                   .type = summary.asked_type,
                                   .device = summary.device}));
  return settings_text(settings);
}

}  // namespace janus::cli
