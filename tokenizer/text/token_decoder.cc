#include "tokenizer/text/token_decoder.h"

#include <utility>

#include "core/base/error.h"
#include "core/base/json.h"
#include "tokenizer/text/byte_level.h"
#include "tokenizer/text/json_list.h"
#include "tokenizer/text/json_pattern.h"
#include "tokenizer/text/metaspace.h"

namespace janus {
namespace {

using Tokens = std::vector<std::string>;

void decode_byte_level(Tokens& tokens) {
  for (std::string& token : tokens) {
    // A token with a character of no byte is an added one, written as it is.
    if (auto bytes = from_byte_level(token)) token = std::move(*bytes);
  }
}

void decode_byte_fallback(Tokens& tokens) {
  for (std::string& token : tokens) {
    if (const auto byte = from_byte_fallback(token)) token = std::string(1, *byte);
  }
}

// The first token loses the space that was put before the text, and all that follow it.
void decode_metaspace(Tokens& tokens, const Metaspace& metaspace) {
  bool first = metaspace.prepend != Metaspace::Prepend::never;
  for (std::string& token : tokens) {
    const std::string_view space = std::exchange(first, false) ? "" : " ";
    for (size_t at = token.find(metaspace.symbol); at != token.npos;
         at = token.find(metaspace.symbol, at + space.size()))
      token.replace(at, metaspace.symbol.size(), space);
  }
}

// Joins the tokens, so that what follows sees one text.
void fuse(Tokens& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token;
  tokens.assign(1, std::move(text));
}

void strip_start(Tokens& tokens, const std::string& content, int64_t most) {
  for (std::string& token : tokens) {
    size_t at = 0;
    for (int64_t i = 0; i < most && token.compare(at, content.size(), content) == 0; ++i)
      at += content.size();
    token.erase(0, at);
  }
}

}  // namespace

TokenDecoder::TokenDecoder(const nlohmann::json& json, const std::string& where) {
  if (json.is_null()) {
    separator_ = ' ';
  } else {
    add(json, where);
  }
}

void TokenDecoder::add(const nlohmann::json& json, const std::string& where) {
  const JsonObject object(json, where);
  const std::string type = object.required_string("type");
  if (type == "Sequence") {
    for_each_item(object, "decoders", [this](const auto& item, const auto& place) { add(item, place); });
  } else if (type == "ByteLevel") {
    steps_.emplace_back(decode_byte_level);
  } else if (type == "ByteFallback") {
    steps_.emplace_back(decode_byte_fallback);
  } else if (type == "Metaspace") {
    steps_.emplace_back(
        [metaspace = read_metaspace(object)](Tokens& tokens) { decode_metaspace(tokens, metaspace); });
  } else if (type == "Fuse") {
    steps_.emplace_back(fuse);
  } else if (type == "Replace") {
    steps_.emplace_back([pattern = read_pattern(object, "pattern"),
                         content = object.required_string("content")](Tokens& tokens) {
      for (std::string& token : tokens) token = pattern.replace_all(token, content);
    });
  } else if (type == "Strip") {
    // Taken from the end, text that has been shown already would have to be withdrawn.
    object.integer("stop", 0, 0, 0);
    const std::string content = object.required_string("content");
    check(!content.empty(), "{}: content: expected a character, found none; download the file again", where);
    steps_.emplace_back([content, most = object.integer("start", 0, 0, 1 << 20)](Tokens& tokens) {
      strip_start(tokens, content, most);
    });
  } else {
    fail(
        "{}: expected a decoder among Sequence, ByteLevel, ByteFallback, Metaspace, Fuse, Replace, "
        "Strip, found {}; use the tokenizer files of a released Janus",
        where, excerpt(type));
  }
}

std::string TokenDecoder::operator()(Tokens tokens) const {
  for (const Step& step : steps_) step(tokens);
  std::string text;
  for (const std::string& token : tokens) {
    if (separator_ != 0 && !text.empty()) text += separator_;
    text += token;
  }
  return text;
}

}  // namespace janus
