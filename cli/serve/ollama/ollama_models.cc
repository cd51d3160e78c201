#include "cli/serve/ollama/ollama_models.h"

#include <fmt/chrono.h>

#include <algorithm>
#include <cctype>
#include <chrono>

#include "core/base/digest.h"
#include "generator/engine/request.h"

namespace janus::cli {
namespace {

constexpr std::string_view kDefaultTag = ":latest";

using Microseconds = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

std::string time_text(Microseconds time) {
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(second)),
                     (time - second).count());
}

// "8.7M", "1.3B".
std::string parameter_size(int64_t parameters) {
  if (parameters == 0) return "";
  const auto number = static_cast<double>(parameters);
  if (number >= 1e9) return fmt::format("{:.1f}B", number / 1e9);
  return fmt::format("{:.1f}M", number / 1e6);
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

Json details_json(const ModelCard& card) {
  return {{"parent_model", ""},
          {"format", "janus"},
          {"family", card.family},
          {"families", {card.family}},
          {"parameter_size", parameter_size(card.parameters)},
          {"quantization_level", upper(card.type)}};
}

// What a list says of a model.
Json listed_json(const ModelCard& card) {
  const std::string name = card.name + std::string(kDefaultTag);
  return {{"name", name},
          {"model", name},
          {"size", card.bytes},
          {"digest", sha256_of(card.fingerprint)},
          {"details", details_json(card)}};
}

std::string changed(const ModelCard& card) {
  return time_text(Microseconds(std::chrono::seconds(card.created)));
}

Json model_info(const ModelCard& card, const ModelInfo& info) {
  const std::string family = info.family;
  return {{"general.architecture", family},
          {"general.basename", card.name},
          {"general.parameter_count", card.parameters},
          {family + ".context_length", info.context_length},
          {family + ".embedding_length", info.hidden_size},
          {family + ".feed_forward_length", info.intermediate_size},
          {family + ".block_count", info.layers},
          {family + ".attention.head_count", info.heads},
          {family + ".attention.head_count_kv", info.kv_heads},
          {family + ".vocab_size", info.vocab_size},
          {family + ".vision.image_size", info.image_size},
          {family + ".vision.tokens_per_image", info.image_tokens}};
}

}  // namespace

std::string ollama_name(const std::string& asked) {
  if (!asked.ends_with(kDefaultTag)) return asked;
  return asked.substr(0, asked.size() - kDefaultTag.size());
}

std::string ollama_now() {
  return time_text(std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()));
}

Json ollama_tags(const std::vector<ModelCard>& cards) {
  Json models = Json::array();
  for (const ModelCard& card : cards) {
    Json model = listed_json(card);
    model["modified_at"] = changed(card);
    models.push_back(std::move(model));
  }
  return {{"models", std::move(models)}};
}

Json ollama_ps(const std::vector<ModelCard>& cards) {
  Json models = Json::array();
  for (const ModelCard& card : cards) {
    if (!card.loaded) continue;
    Json model = listed_json(card);
    model["size_vram"] = card.device.starts_with("cuda") ? card.bytes : 0;
    model["context_length"] = card.context_length;
    // Clients want a time; a model stays as long as the server lets it.
    model["expires_at"] = "9999-12-31T23:59:59Z";
    models.push_back(std::move(model));
  }
  return {{"models", std::move(models)}};
}

Json ollama_show(const ServedModel& served) {
  const ModelCard& card = served.card();
  const AnswerRequest defaults;
  return {{"modelfile", fmt::format("# janus serves it\nFROM {}\n", card.name)},
          {"parameters",
           fmt::format("num_predict {}\ntemperature {}\ntop_k {}\ntop_p {}", defaults.max_tokens,
                       defaults.sampling.temperature, defaults.sampling.top_k, defaults.sampling.top_p)},
          {"template", "{{ .Prompt }}"},
          {"license", ""},
          {"details", details_json(card)},
          {"model_info", model_info(card, served.model().info())},
          {"capabilities", {"completion", "vision"}},
          {"modified_at", changed(card)}};
}

}  // namespace janus::cli
