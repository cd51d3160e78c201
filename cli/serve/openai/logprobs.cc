#include "cli/serve/openai/logprobs.h"

#include <string>
#include <vector>

#include "core/base/utf8.h"

namespace janus::cli {
namespace {

// The bytes that a token adds behind another.
std::string text_behind(const TextTokenizer& tokenizer, int32_t id, int32_t before) {
  if (tokenizer.is_special(id)) return tokenizer.token_of(id);
  if (before < 0) return tokenizer.decode(std::vector<int32_t>{id});
  const size_t length = tokenizer.decode(std::vector<int32_t>{before}).size();
  return tokenizer.decode(std::vector<int32_t>{before, id}).substr(length);
}

Json token_json(const TextTokenizer& tokenizer, const TokenLogprob& token, int32_t before) {
  const std::string text = text_behind(tokenizer, token.id, before);
  Json bytes = Json::array();
  for (const char byte : text) bytes.push_back(static_cast<uint8_t>(byte));
  return {{"token", to_utf8(text)}, {"logprob", token.logprob}, {"bytes", std::move(bytes)}};
}

}  // namespace

Json logprobs_json(const TextTokenizer& tokenizer, std::span<const SampledToken> tokens, int32_t before) {
  Json all = Json::array();
  for (const SampledToken& token : tokens) {
    Json entry = token_json(tokenizer, {token.id, token.logprob}, before);
    Json& top = entry["top_logprobs"] = Json::array();
    for (const TokenLogprob& other : token.top) top.push_back(token_json(tokenizer, other, before));
    all.push_back(std::move(entry));
    before = token.id;
  }
  return all;
}

}  // namespace janus::cli
