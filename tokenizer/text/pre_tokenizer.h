// The `pre_tokenizer` of tokenizer.json: how a text is cut into the pieces the model sees.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/text/regex.h"

namespace janus {

// A text and the parts of it that count, in order; none is empty.
struct Pieces {
  std::string text;
  std::vector<TextRange> ranges;

  // The whole text as one piece, or none if it is empty.
  static Pieces whole(std::string text);
  std::string_view piece(const TextRange& range) const {
    return std::string_view(text).substr(range.begin, range.end - range.begin);
  }
};

class PreTokenizer {
 public:
  PreTokenizer() = default;
  // Reads `json` (null: the text stays whole). Throws Error for a type that is not supported, naming it.
  PreTokenizer(const nlohmann::json& json, const std::string& where);

  // `text` must be UTF-8, and so are the pieces.
  Pieces operator()(std::string text) const;

 private:
  using Step = std::function<void(Pieces&)>;
  void add(const nlohmann::json& json, const std::string& where);

  std::vector<Step> steps_;
};

}  // namespace janus
