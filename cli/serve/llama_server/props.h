// GET /props: what the server is, in the shape of llama-server's.
#pragma once

#include "cli/io/json_output.h"
#include "cli/serve/model_host.h"

namespace janus::cli {

// Its default_generation_settings are those of answers; "image_generation" has those of images.
Json props_json(const ServedModel& served);

}  // namespace janus::cli
