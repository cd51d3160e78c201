// The settings that an image of the server carries, as those of `janus generate` do.
#pragma once

#include "cli/serve/image_reply.h"
#include "cli/serve/model_host.h"
#include "vision/image_file.h"

namespace janus::cli {

// request: with the image's own seed, its guidance, and its steps where it is drawn by flow. made: as the
// model made it, before it was brought into its form.
ImageText image_text(const ImageRequest& request, const ModelSummary& summary, const Image& made,
                     const ImageForm& form);

}  // namespace janus::cli
