// The `pre_tokenizer` of tokenizer.json: how a text is cut into the pieces the model sees.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "tokenizer/text/regex.h"

namespace janus {

// A text and the parts of it that count, in order; none is empty.
struct Pieces {
  std::string text;
  std::vector<TextRange> ranges;
  bool at_start = false;  // whether a piece that begins at 0 begins what was to be encoded

  // The whole text as one piece, or none if it is empty.
  static Pieces whole(std::string text, bool at_start);
  std::string_view piece(const TextRange& range) const {
    return std::string_view(text).substr(range.begin, range.end - range.begin);
  }
};

class PreTokenizer {
 public:
  PreTokenizer() = default;
  // Reads `json` (null: the text stays whole). Throws Error for a type that is not supported, naming it.
  PreTokenizer(const nlohmann::json& json, const std::string& where);

  // `text` must be UTF-8, and so are the pieces. at_start: nothing stands before it, no added token either.
  Pieces operator()(std::string text, bool at_start = true) const;
  // What Metaspace writes for a space; empty without it.
  const std::string& space_symbol() const { return space_symbol_; }

 private:
  using Step = std::function<void(Pieces&)>;
  void add(const nlohmann::json& json, const std::string& where);
  void add_metaspace(const JsonObject& object);

  std::vector<Step> steps_;
  std::string space_symbol_;
};

}  // namespace janus
