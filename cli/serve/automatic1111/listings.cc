#include "cli/serve/automatic1111/listings.h"

#include "core/base/digest.h"

namespace janus::cli {

Json sd_models(const std::vector<ModelCard>& cards) {
  Json models = Json::array();
  for (const ModelCard& card : cards) {
    const std::string digest = sha256_of(card.fingerprint);
    models.push_back({{"title", card.name},
                      {"model_name", card.name},
                      {"hash", digest.substr(0, 10)},
                      {"sha256", digest},
                      {"filename", card.name},  // paths of the machine are nobody's business
                      {"config", nullptr}});
  }
  return models;
}

Json samplers() {
  return Json::array({{{"name", kSampler}, {"aliases", Json::array()}, {"options", Json::object()}}});
}

Json upscalers() {
  return Json::array({{{"name", "Lanczos"},
                       {"model_name", nullptr},
                       {"model_path", nullptr},
                       {"model_url", nullptr},
                       {"scale", 4}}});
}

Json options(const std::string& model) { return {{"samples_format", "png"}, {"sd_model_checkpoint", model}}; }

}  // namespace janus::cli
