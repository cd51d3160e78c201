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
Json extensions(const ModelCard& card, const ServeLimits& limits) {
  return {{"features", {"best_of", "negative_prompt", "janus_preview_every"}},
          {"most_candidates", limits.choices},
          {"most_tokens", limits.max_tokens},
          {"device", card.device},
          {"type", card.type}};
}

Json model_json(const ModelCard& card, const ServeLimits& limits) {
  const Json both{"text", "image"};
  // The modalities stand where clients of LocalAI look for them, and where those of llama-server do.
  Json json{{"id", card.name},
            {"object", "model"},
            {"created", card.created},
            {"owned_by", "janus"},
            {"input_modalities", both},
            {"output_modalities", both},
            {"architecture", {{"input_modalities", both}, {"output_modalities", both}}},
            {"loaded", card.loaded},
            {"janus", extensions(card, limits)}};
  if (card.context_length > 0) json["context_length"] = card.context_length;
  if (!card.fingerprint.empty()) json["fingerprint"] = card.fingerprint;
  return json;
}

Json list_json(const std::vector<ModelCard>& cards, const ServeLimits& limits) {
  Json data = Json::array();
  for (const ModelCard& card : cards) data.push_back(model_json(card, limits));
  return {{"object", "list"}, {"data", std::move(data)}};
}

ModelCard card_named(const std::vector<ModelCard>& cards, const std::string& name) {
  const auto found =
      std::find_if(cards.begin(), cards.end(), [&](const auto& card) { return card.name == name; });
  if (found != cards.end()) return *found;
  std::vector<std::string> names;
  for (const ModelCard& card : cards) names.push_back(card.name);
  throw ApiError(404,
                 fmt::format("model: expected one of {}, found {}; ask for one of these",
                             fmt::join(names, ", "), excerpt(name)),
                 "model_not_found", "model");
}

}  // namespace

void add_models(Router& router, Service& service) {
  const RouteTraits quick{.quick = true};
  const Handler list = [&service](const std::shared_ptr<Exchange>& exchange) {
    exchange->reply({.body = to_line(list_json(service.models.cards(), service.limits))});
  };
  const Handler one = [&service](const std::shared_ptr<Exchange>& exchange) {
    constexpr std::string_view kFolder = "/models/";
    const std::string& path = exchange->request().path;
    const std::string name = path.substr(path.find(kFolder) + kFolder.size());
    exchange->reply({.body = to_line(model_json(card_named(service.models.cards(), name), service.limits))});
  };
  add_path(router, "GET", "/models", list, quick);
  add_path(router, "GET", "/models/{model}", one, quick);
}

}  // namespace janus::cli
