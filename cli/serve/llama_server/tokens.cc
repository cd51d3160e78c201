#include "cli/serve/llama_server/tokens.h"

#include "core/base/utf8.h"
#include "generator/limits.h"

namespace janus::cli {
namespace {

bool is_text(std::string_view bytes) {
  while (!bytes.empty()) {
    const Utf8Char next = utf8_front(bytes);
    if (!next.well_formed) return false;
    bytes.remove_prefix(next.length);
  }
  return true;
}

Json piece_json(const TextTokenizer& tokenizer, int32_t id) {
  const std::string piece = tokenizer.is_special(id) ? tokenizer.token_of(id) : tokenizer.decode({&id, 1});
  if (is_text(piece)) return piece;
  Json bytes = Json::array();
  for (const char byte : piece) bytes.push_back(static_cast<unsigned char>(byte));
  return bytes;
}

// The text of ids: what stands between special tokens decoded as a whole, since the beginning of a word shows
// in the token before it.
std::string text_of(const TextTokenizer& tokenizer, std::span<const int32_t> ids) {
  std::string text;
  for (size_t at = 0; at < ids.size();) {
    size_t end = at;
    while (end < ids.size() && !tokenizer.is_special(ids[end])) ++end;
    text += tokenizer.decode(ids.subspan(at, end - at));
    if (end < ids.size()) text += tokenizer.token_of(ids[end++]);
    at = end;
  }
  return text;
}

}  // namespace

Json tokenize_json(const TextTokenizer& tokenizer, const RequestFields& request) {
  const std::string content = request.text("content");
  if (!request.contains("content")) refuse_field("content", "a text", nullptr);
  as_bad_request("content", [&] { check_text("content", content); });
  std::vector<TextRange> plain;
  if (!request.boolean("parse_special", true)) plain.push_back({0, content.size()});
  const std::vector<int32_t> ids = tokenizer.encode(content, request.boolean("add_special"), plain);
  if (!request.boolean("with_pieces")) return {{"tokens", ids}};
  Json tokens = Json::array();
  for (const int32_t id : ids) tokens.push_back({{"id", id}, {"piece", piece_json(tokenizer, id)}});
  return {{"tokens", std::move(tokens)}};
}

Json detokenize_json(const TextTokenizer& tokenizer, const RequestFields& request) {
  if (!request.contains("tokens")) refuse_field("tokens", "a list of ids", nullptr);
  std::vector<int32_t> ids;
  request.each("tokens", [&](const nlohmann::json& id, const std::string& path) {
    const bool fits = id.is_number_integer() && id >= 0 && id < tokenizer.size();
    if (!fits) {
      refuse_field(path, fmt::format("an id from 0 to {}", tokenizer.size() - 1), id);
    }
    ids.push_back(id.get<int32_t>());
    as_bad_request(path, [&] { (void)tokenizer.token_of(ids.back()); });  // ids may have gaps
  });
  return {{"content", text_of(tokenizer, ids)}};
}

}  // namespace janus::cli
