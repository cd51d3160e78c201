#include "generator/end_ids.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/base/json.h"

namespace janus {
namespace {

constexpr const char* kKey = "eos_token_id";
constexpr int32_t kLlamaDefault = 2;

// The ids under the key of `source`; none where it is absent or null.
std::vector<int32_t> ids_of(const JsonObject& source, int64_t vocab_size) {
  std::vector<int32_t> ids;
  if (!source.contains(kKey)) return ids;
  const nlohmann::json& value = source.json()[kKey];
  const auto add = [&](const nlohmann::json& id) {
    const bool fits = id.is_number_integer() && id >= 0 && id < vocab_size;
    check(
        fits,
        "{}: {}: expected ids of the model's vocabulary, 0 to {}, found {}; correct it, or take the file of "
        "the model",
        source.where(), kKey, vocab_size - 1, excerpt(id));
    ids.push_back(id.get<int32_t>());
  };
  if (value.is_array()) {
    std::for_each(value.begin(), value.end(), add);
  } else {
    add(value);
  }
  return ids;
}

}  // namespace

std::vector<int32_t> read_end_ids(const Checkpoint& checkpoint, const TextTokenizer* tokenizer,
                                  int64_t vocab_size) {
  std::vector<int32_t> ends;
  const auto add = [&](int32_t id) {
    if (std::find(ends.begin(), ends.end(), id) == ends.end()) ends.push_back(id);
  };
  if (tokenizer != nullptr && tokenizer->end_id()) add(*tokenizer->end_id());
  const FileSet& files = checkpoint.files();
  constexpr const char* kGeneration = "generation_config.json";
  if (files.contains(kGeneration)) {
    const nlohmann::json json = files.json(kGeneration);
    for (const int32_t id : ids_of(JsonObject(json, files.path(kGeneration)), vocab_size)) add(id);
  }
  const JsonObject config(checkpoint.config(), files.path("config.json"));
  for (const int32_t id : ids_of(config, vocab_size)) add(id);
  for (const char* section : {"text_config", "language_config"}) {
    const auto decoder = config.object(section);
    if (!decoder) continue;
    for (const int32_t id : ids_of(*decoder, vocab_size)) {
      const bool chosen = id != kLlamaDefault || tokenizer == nullptr || tokenizer->is_special(id);
      if (chosen) add(id);
    }
  }
  return ends;
}

}  // namespace janus
