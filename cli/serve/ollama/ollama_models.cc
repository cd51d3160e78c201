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

Json details_json(const ModelSummary& summary) {
  return {{"parent_model", ""},
          {"format", "janus"},
          {"family", summary.family},
          {"families", {summary.family}},
          {"parameter_size", parameter_size(summary.parameters)},
          {"quantization_level", upper(summary.type)}};
}

// What a list says of a model.
Json listed_json(const ModelSummary& summary) {
  const std::string name = summary.name + std::string(kDefaultTag);
  return {{"name", name},
          {"model", name},
          {"size", summary.bytes},
          {"digest", sha256_of(summary.fingerprint)},
          {"details", details_json(summary)}};
}

std::string changed(const ModelSummary& summary) {
  return time_text(Microseconds(std::chrono::seconds(summary.created)));
}

// Clients want a time, and take one beyond 20 years for none.
std::string expiry(const ModelSummary& summary) {
  constexpr auto kNever = std::chrono::years(100);
  const auto second = summary.unloads != 0
                          ? std::chrono::system_clock::time_point(std::chrono::seconds(summary.unloads))
                          : std::chrono::system_clock::now() + kNever;
  return time_text(std::chrono::floor<std::chrono::seconds>(second));
}

Json model_info(const ModelSummary& summary, const ModelInfo& info) {
  const std::string family = info.family;
  return {{"general.architecture", family},
          {"general.basename", summary.name},
          {"general.parameter_count", summary.parameters},
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

std::string ollama_now() {
  return time_text(std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()));
}

Json ollama_tags(const std::vector<ModelSummary>& summaries) {
  Json models = Json::array();
  for (const ModelSummary& summary : summaries) {
    Json model = listed_json(summary);
    model["modified_at"] = changed(summary);
    models.push_back(std::move(model));
  }
  return {{"models", std::move(models)}};
}

Json ollama_ps(const std::vector<ModelSummary>& summaries) {
  Json models = Json::array();
  for (const ModelSummary& summary : summaries) {
    if (!summary.loaded) continue;
    Json model = listed_json(summary);
    model["size_vram"] = summary.device.starts_with("cuda") ? summary.bytes : 0;
    model["context_length"] = summary.context_length;
    model["expires_at"] = expiry(summary);
    models.push_back(std::move(model));
  }
  return {{"models", std::move(models)}};
}

Json ollama_show(const ServedModel& served) {
  const ModelSummary& summary = served.summary();
  const AnswerRequest defaults;
  return {{"modelfile", fmt::format("# janus serves it\nFROM {}\n", summary.name)},
          {"parameters",
           fmt::format("num_predict {}\ntemperature {}\ntop_k {}\ntop_p {}", defaults.max_tokens,
                       defaults.sampling.temperature, defaults.sampling.top_k, defaults.sampling.top_p)},
          {"template", "{{ .Prompt }}"},
          {"license", ""},
          {"details", details_json(summary)},
          {"model_info", model_info(summary, served.model().info())},
          {"capabilities", {"completion", "vision"}},
          {"modified_at", changed(summary)}};
}

}  // namespace janus::cli
