#include "generator/settings_text.h"

#include <fmt/format.h>
#include <janus/version.h>

#include "core/base/json.h"
#include "generator/parameters_text.h"

namespace janus {
namespace {

// The shortest decimal number that is this one in single precision: what the request said.
double decimal(float value) { return std::stod(fmt::format("{}", value)); }

}  // namespace

OrderedJson request_settings(const ImageRequest& request) {
  OrderedJson settings{{"prompt", request.prompt}};
  if (!request.negative_prompt.empty()) settings["negative_prompt"] = request.negative_prompt;
  settings.update({{"seed", request.sampling.seed}, {"cfg_scale", decimal(request.guidance.value())}});
  if (request.steps) {
    settings["steps"] = *request.steps;
  } else {
    settings.update({{"temperature", decimal(request.sampling.temperature)},
                     {"top_k", request.sampling.top_k},
                     {"top_p", decimal(request.sampling.top_p)}});
  }
  if (request.special_tokens) settings["special_tokens"] = true;
  return settings;
}

OrderedJson provenance_json(const Provenance& provenance) {
  return {{"model", provenance.model},
          {"model_fingerprint", provenance.fingerprint},
          {"type", provenance.type},
          {"device", provenance.device},
          {"version", JANUS_VERSION}};
}

ImageText settings_text(const OrderedJson& settings) {
  return {{kParametersKeyword, parameters_text(settings)}, {kSettingsKeyword, to_line(settings)}};
}

std::optional<OrderedJson> settings_of(const ImageText& text) {
  auto found = text.find(kSettingsKeyword);
  if (found == text.end()) return std::nullopt;
  const OrderedJson stored = parse_json_or_discard<OrderedJson>(found->second);
  if (!stored.is_object()) return std::nullopt;
  OrderedJson settings;
  for (const auto& [key, value] : stored.items()) settings[key == "guidance" ? "cfg_scale" : key] = value;
  return settings;
}

std::string text_setting(const OrderedJson& settings, const char* key) {
  const auto found = settings.find(key);
  return found != settings.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace janus
