#include "generator/parameters_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/json.h"
#include "core/base/strip.h"
#include "generator/limits.h"

namespace janus {
namespace {

constexpr std::string_view kNegative = "Negative prompt:";

bool is_seed(const OrderedJson& value) {
  return value.is_number_unsigned() && kSeeds.holds(value.get<int64_t>());
}

template <const IntRange& range>
bool is_whole_within(const OrderedJson& value) {
  return value.is_number_integer() && range.holds(value.get<int64_t>());
}

template <const RealRange& range>
bool is_within(const OrderedJson& value) {
  return value.is_number() && range.holds(value.get<double>());
}

// A setting that both sides have, and whether a value is one of its.
struct SharedName {
  const char *foreign, *key;
  bool (*takes)(const OrderedJson& value);
};
constexpr std::array kShared{SharedName{"Seed", "seed", is_seed},
                             SharedName{"CFG scale", "cfg_scale", is_within<kGuidance>},
                             SharedName{"Temperature", "temperature", is_within<kTemperatures>},
                             SharedName{"Steps", "steps", is_whole_within<kFlowSteps>},
                             SharedName{"Top-k", "top_k", is_whole_within<kTopK>},
                             SharedName{"Top-p", "top_p", is_within<kTopP>}};

struct Pair {
  std::string name, value;
};

// "Steps: 20, Prompt: "a, b", Seed: 1"; commas in quotes part nothing. Nothing where a part is no pair.
std::vector<Pair> pairs_of(std::string_view line) {
  std::vector<Pair> pairs;
  while (!line.empty()) {
    size_t end = 0;
    for (bool quoted = false; end < line.size() && (quoted || line[end] != ','); ++end) {
      if (line[end] == '\\' && quoted) ++end;
      if (end < line.size() && line[end] == '"') quoted = !quoted;
    }
    end = std::min(end, line.size());
    const std::string_view part = strip(line.substr(0, end));
    const size_t colon = part.find(": ");
    if (colon == std::string_view::npos || colon == 0) return {};
    pairs.push_back({std::string(part.substr(0, colon)), std::string(strip(part.substr(colon + 2)))});
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return pairs;
}

// The value where it is one of the setting's; discarded else.
OrderedJson shared_value(const SharedName& shared, const std::string& value) {
  const OrderedJson number = parse_json_or_discard<OrderedJson>(value);
  return shared.takes(number) ? number : OrderedJson(OrderedJson::value_t::discarded);
}

}  // namespace

std::string parameters_text(const OrderedJson& settings) {
  auto get = [&](const char* key) {
    const OrderedJson& value = settings.at(key);
    return value.is_string() ? value.get<std::string>() : to_line(value);
  };
  const std::string negative =
      settings.contains("negative_prompt") ? fmt::format("\n{} {}", kNegative, get("negative_prompt")) : "";
  // A flow has steps in place of what codes are sampled by, and other programs' word for its sampler.
  const std::string drawn =
      settings.contains("steps")
          ? fmt::format("Steps: {}, Sampler: Euler, Seed: {}, CFG scale: {}", get("steps"), get("seed"),
                        get("cfg_scale"))
          : fmt::format("Seed: {}, CFG scale: {}, Temperature: {}, Top-k: {}, Top-p: {}", get("seed"),
                        get("cfg_scale"), get("temperature"), get("top_k"), get("top_p"));
  return fmt::format("{}{}\n{}, Size: {}x{}, Model: {}, Type: {}, Device: {}, Version: janus {}",
                     get("prompt"), negative, drawn, get("width"), get("height"), get("model"), get("type"),
                     get("device"), get("version"));
}

ForeignSettings parse_parameters(std::string_view text) {
  ForeignSettings found{.settings = OrderedJson::object(), .taken = {}, .left = {}};
  text = strip(text);
  const size_t last = text.rfind('\n') + 1;  // 0 where there is one line
  std::vector<Pair> pairs = last > 0 ? pairs_of(text.substr(last)) : std::vector<Pair>{};
  if (pairs.size() < 2) pairs.clear();  // such a line is of the prompt
  const std::string_view words = pairs.empty() ? text : strip(text.substr(0, last));
  const size_t negative = words.starts_with(kNegative) ? 0 : words.find("\n" + std::string(kNegative));
  const auto take = [&](const char* key, const char* name, std::string_view value) {
    if (value.empty()) return;
    found.settings[key] = value;
    found.taken.emplace_back(name);
  };
  take("prompt", "prompt", strip(words.substr(0, negative)));
  if (negative != std::string_view::npos) {
    const size_t begin = words.find(kNegative, negative) + kNegative.size();
    take("negative_prompt", "negative prompt", strip(words.substr(begin)));
  }
  for (const Pair& pair : pairs) {
    const auto shared = std::find_if(kShared.begin(), kShared.end(),
                                     [&](const SharedName& name) { return pair.name == name.foreign; });
    OrderedJson value(OrderedJson::value_t::discarded);
    if (shared != kShared.end()) value = shared_value(*shared, pair.value);
    if (value.is_discarded()) {
      found.left.push_back(pair.name);
    } else {
      found.settings[shared->key] = std::move(value);
      found.taken.push_back(pair.name);
    }
  }
  // Without guidance a negative prompt does nothing there, and is refused here.
  if (found.settings.contains("negative_prompt") && found.settings.value("cfg_scale", OrderedJson()) == 1) {
    found.settings.erase("negative_prompt");
    std::erase(found.taken, "negative prompt");
    found.left.emplace_back("negative prompt");
  }
  return found;
}

}  // namespace janus
