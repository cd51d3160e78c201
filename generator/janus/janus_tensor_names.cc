#include "generator/janus/janus_tensor_names.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

namespace janus {
namespace {

// Takes "WORD." off the front of `name`, as often as it is there.
void drop(std::string_view word, std::string_view& name) {
  while (name.starts_with(word) && name.substr(word.size()).starts_with('.'))
    name.remove_prefix(word.size() + 1);
}

// The word up to the first dot; `name` keeps what follows.
std::string_view take_word(std::string_view& name) {
  const std::string_view word = name.substr(0, name.find('.'));
  name.remove_prefix(word.size() == name.size() ? word.size() : word.size() + 1);
  return word;
}

std::string_view last_word(std::string_view path) { return path.substr(path.rfind('.') + 1); }
std::string_view first_words(std::string_view path) { return path.substr(0, path.rfind('.')); }

// Whether a flag ties head and embeddings, as transformers reads it: at the top it is on unless it says
// otherwise.
bool says_tied(const nlohmann::json& config) {
  const auto flag = [](const nlohmann::json& object, bool fallback) {
    const auto found = object.find("tie_word_embeddings");
    return found != object.end() && found->is_boolean() ? found->get<bool>() : fallback;
  };
  for (const char* part : {"text_config", "language_config"}) {
    const auto found = config.find(part);
    if (found != config.end() && found->is_object() && flag(*found, false)) return true;
  }
  return flag(config, config.at("model_type") == "janus");
}

// What the decoder holds at its top.
bool is_of_decoder(std::string_view word) {
  return word == "layers" || word == "embed_tokens" || word == "norm";
}

}  // namespace

std::string name_in_layout(const std::string& name, const JanusNames& names) {
  std::string_view rest = name;
  drop("model", rest);
  const std::string_view whole = rest, word = take_word(rest);
  const auto below = [&](std::string_view part) { return std::string(part) + "." + std::string(rest); };
  if (word == "language_model") {
    drop("model", rest);
    drop("language_model", rest);
    if (rest.starts_with("lm_head.")) {
      take_word(rest);
      return below(names.lm_head);
    }
    return below(names.language_model);
  }
  if (word == "lm_head") return below(names.lm_head);
  if (is_of_decoder(word)) return std::string(names.language_model) + "." + std::string(whole);
  if (word == "vision_model") {
    drop("vision_model", rest);
    drop("vision_tower", rest);
    return below(names.vision_tower);
  }
  for (const std::string_view part : {std::string_view(names.aligner), std::string_view(names.gen_embed),
                                      std::string_view(names.gen_aligner), first_words(names.gen_head_in),
                                      std::string_view(names.vq_model)}) {
    if (word == last_word(part)) return below(part);
  }
  return name;
}

void settle_tensor_names(const Checkpoint& checkpoint, const JanusNames& names) {
  std::map<std::string, std::string> renamed;
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    std::string settled = name_in_layout(name, names);
    if (settled != name) renamed.emplace(name, std::move(settled));
  }
  checkpoint.rename(renamed);
  if (!renamed.empty()) {
    const auto& [name, settled] = *renamed.begin();
    checkpoint.note(fmt::format("tensor names: {} of {} are the layout's under other names: {} is read as {}",
                                renamed.size(), checkpoint.tensors().size(), name, settled));
  }
  const std::string embeddings = std::string(names.language_model) + ".embed_tokens.weight";
  const std::string head = std::string(names.lm_head) + ".weight";
  if (checkpoint.contains(embeddings) == checkpoint.contains(head)) return;
  const bool has_head = checkpoint.contains(head);
  if (has_head) checkpoint.rename({{head, embeddings}});
  if (has_head || !says_tied(checkpoint.config())) {
    checkpoint.note(fmt::format("tied weights: {} is not stored, {} is taken for it",
                                has_head ? embeddings : head, has_head ? head : embeddings));
  }
}

}  // namespace janus
