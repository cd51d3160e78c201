// Models as Ollama lists and shows them.
#pragma once

#include <string>
#include <vector>

#include "cli/io/json_output.h"
#include "cli/serve/model_host.h"

namespace janus::cli {

// The model that a request calls `asked`: Ollama's clients add the tag ":latest" to a name that has none.
std::string ollama_name(const std::string& asked);

// The time now, as replies have it: "2026-08-30T08:52:19.385406Z".
std::string ollama_now();

Json ollama_tags(const std::vector<ModelCard>& cards);
// Those that are loaded.
Json ollama_ps(const std::vector<ModelCard>& cards);
Json ollama_show(const ServedModel& served);

}  // namespace janus::cli
