#include "cli/generate/read_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/base/strip.h"
#include "generator/limits.h"
#include "vision/contact_sheet.h"

namespace janus::cli {
namespace {

constexpr std::array kSettings{"prompt",      "negative_prompt", "seed",  "cfg_scale",      "steps",
                               "temperature", "top_k",           "top_p", "special_tokens", "upscale",
                               "quality",     "count",           "output"};
// What images and records say of how they came about; and the name that cfg_scale once had.
constexpr std::array kFacts{"guidance", "width",  "height",         "model",   "model_fingerprint",
                            "type",     "device", "version",        "best_of", "ranker",
                            "rank",     "score",  "candidates",     "index",   "codes",
                            "timings",  "key",    "request_sha256", "error",   "transient",
                            "tiled"};

// One object, and the end of messages about it.
class SettingsReader {
 public:
  SettingsReader(const JsonObject& object, const std::string& remedy) : object_(object), remedy_(remedy) {}

  // Keeps the target's value where the object has none.
  void real(const char* key, double& target, Reader (*reader)(double&)) const {
    if (!object_.contains(key)) return;
    const double value = object_.number(key, target);
    const std::string expected = reader(target).take(fmt::format("{}", value));
    check(expected.empty(), "{}: expected {} as \"{}\", found {}; {}", object_.where(), expected, key, value,
          remedy_);
  }
  void real(const char* key, std::optional<double>& target, Reader (*reader)(double&)) const {
    double value = 0;
    if (!object_.contains(key)) return;
    real(key, value, reader);
    target = value;
  }
  void whole(const char* key, int64_t& target, IntRange range) const {
    target = object_.integer(key, target, range.low, range.high);
  }
  void whole(const char* key, std::optional<int64_t>& target, IntRange range) const {
    if (object_.contains(key)) target = object_.required_integer(key, range.low, range.high);
  }

 private:
  const JsonObject& object_;
  const std::string& remedy_;
};

template <typename Keys>
bool holds(const Keys& keys, const std::string& key) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

}  // namespace

bool is_known_key(const std::string& key) { return holds(kSettings, key) || holds(kFacts, key); }

std::string setting_keys() { return fmt::format("{}", fmt::join(kSettings, ", ")); }

void read_settings(const JsonObject& object, const std::string& remedy, WorkItem& item) {
  const SettingsReader reader(object, remedy);
  item.prompt = object.string("prompt", item.prompt);
  check(!is_blank(item.prompt), "{}: expected a prompt, found none; {}", object.where(), remedy);
  item.negative_prompt = object.string("negative_prompt", item.negative_prompt);
  reader.real("guidance", item.guidance, guidance_number);
  reader.real("cfg_scale", item.guidance, guidance_number);
  check(item.guidance != 1 || item.negative_prompt.empty(),
        "{}: expected a cfg_scale other than 1 beside a negative prompt, found 1; raise it or drop the "
        "negative prompt",
        object.where());
  reader.whole("steps", item.steps, kFlowSteps);
  reader.real("temperature", item.sampling.temperature, temperature_number);
  reader.real("top_p", item.sampling.top_p, top_p_number);
  reader.whole("top_k", item.sampling.top_k, kTopK);
  item.special_tokens = object.boolean("special_tokens", item.special_tokens);
  reader.whole("upscale", item.enlarge, {1, kEnlargements.high});
  reader.whole("quality", item.quality, kQualities);
  item.made_with = made_with(object, object.where());
}

}  // namespace janus::cli
