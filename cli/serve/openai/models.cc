// GET /v1/models and /v1/models/{model}: what requests may name.
#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "cli/serve/openai/openai.h"
#include "cli/serve/serve_limits.h"
#include "core/base/json.h"

namespace janus::cli {
namespace {

// What janus has beside OpenAI's fields; the page asks before it offers it.
Json extensions(const ModelSummary& summary, const ServeLimits& limits) {
  return {{"features", {"best_of", "negative_prompt", "janus_preview_every"}},
          {"most_candidates", limits.choices},
          {"most_tokens", limits.max_tokens},
          {"device", summary.device},
          {"type", summary.type}};
}

Json model_json(const ModelSummary& summary, const ServeLimits& limits) {
  const Json both{"text", "image"};
  // The modalities stand where clients of LocalAI look for them, and where those of llama-server do.
  Json json{{"id", summary.name},
            {"object", "model"},
            {"created", summary.created},
            {"owned_by", "janus"},
            {"input_modalities", both},
            {"output_modalities", both},
            {"architecture", {{"input_modalities", both}, {"output_modalities", both}}},
            {"loaded", summary.loaded},
            {"janus", extensions(summary, limits)}};
  if (summary.context_length > 0) json["context_length"] = summary.context_length;
  if (!summary.fingerprint.empty()) json["fingerprint"] = summary.fingerprint;
  return json;
}

Json list_json(const std::vector<ModelSummary>& summaries, const ServeLimits& limits) {
  Json data = Json::array();
  for (const ModelSummary& summary : summaries) data.push_back(model_json(summary, limits));
  return {{"object", "list"}, {"data", std::move(data)}};
}

ModelSummary summary_named(const std::vector<ModelSummary>& summaries, const std::string& name) {
  const auto found = std::find_if(summaries.begin(), summaries.end(),
                                  [&](const auto& summary) { return summary.name == name; });
  if (found != summaries.end()) return *found;
  std::vector<std::string> names;
  for (const ModelSummary& summary : summaries) names.push_back(summary.name);
  throw ApiError(404,
                 fmt::format("model: expected one of {}, found {}; ask for one of these",
                             fmt::join(names, ", "), excerpt(name)),
                 "model_not_found", "model");
}

}  // namespace

void add_models(Router& router, Service& service) {
  const RouteTraits quick{.quick = true};
  const Handler list = [&service](const std::shared_ptr<Exchange>& exchange) {
    reply_json(*exchange, list_json(service.models.summaries(), service.limits));
  };
  const Handler one = [&service](const std::shared_ptr<Exchange>& exchange) {
    constexpr std::string_view kFolder = "/models/";
    const std::string& path = exchange->request().path;
    const std::string name = path.substr(path.find(kFolder) + kFolder.size());
    reply_json(*exchange, model_json(summary_named(service.models.summaries(), name), service.limits));
  };
  add_path(router, "GET", "/models", list, quick);
  add_path(router, "GET", "/models/{model}", one, quick);
}

}  // namespace janus::cli
