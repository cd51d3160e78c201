// The settings that a PNG of the server carries, as those of `janus generate` do.
#pragma once

#include "cli/serve/model_host.h"
#include "vision/image_file.h"

namespace janus::cli {

// request: with the image's own seed. width, height: in pixels, of the PNG.
ImageText image_text(const ImageRequest& request, const ModelCard& card, int width, int height);

}  // namespace janus::cli
