#include "tokenizer/text/pre_tokenizer.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/utf8.h"
#include "tokenizer/text/byte_level.h"
#include "tokenizer/text/char_class.h"
#include "tokenizer/text/json_list.h"
#include "tokenizer/text/json_pattern.h"
#include "tokenizer/text/metaspace.h"
#include "tokenizer/text/split.h"

namespace janus {
namespace {

// The pattern of GPT-2, which ByteLevel brings along.
constexpr std::string_view kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

// What Whitespace keeps: runs of word characters and runs of others. \w of Rust's regex crate, spelled out.
constexpr std::string_view kWordsPattern =
    R"([\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\x{200c}\x{200d}\s]+)";

Splitter regex_splitter(const Regex& regex, SplitBehavior behavior, bool invert) {
  return {[regex](std::string_view text, std::vector<TextRange>& matches) { regex.find_all(text, matches); },
          behavior, invert};
}

void find_numerics(std::string_view text, std::vector<TextRange>& found) {
  for (size_t at = 0; at < text.size();) {
    const Utf8Char next = utf8_front(text.substr(at));
    if (is_numeric(next.code_point)) found.push_back({at, at + next.length});
    at += next.length;
  }
}

// Matches of kTrailingSpace. The engine tries that pattern anew at each blank of a run, and each time goes
// back over all of it: the square of the run's length.
constexpr std::string_view kTrailingSpace = R"(\s+$)";

void find_trailing_space(std::string_view text, std::vector<TextRange>& found) {
  for (size_t at = 0; at < text.size();) {
    const size_t begin = at;
    size_t end = begin;  // of what is in front of a line's end
    Utf8Char next = utf8_front(text.substr(at));
    for (; is_white_space(next.code_point); next = utf8_front(text.substr(at))) {
      at += next.length;
      if (at == text.size() || text[at] == '\n') end = at;
      if (at == text.size()) break;
    }
    if (begin < end) found.push_back({begin, end});
    if (at < text.size()) at += next.length;
  }
}

// Rewrites every piece.
template <typename Change>
void rewrite(Pieces& pieces, Change change) {
  Pieces result;
  result.ranges.reserve(pieces.ranges.size());
  result.at_start = pieces.at_start && !pieces.ranges.empty() && pieces.ranges.front().begin == 0;
  for (const TextRange& range : pieces.ranges) {
    const size_t begin = result.text.size();
    result.text += change(pieces.piece(range));
    result.ranges.push_back({begin, result.text.size()});
  }
  pieces = std::move(result);
}

void add_prefix(Pieces& pieces, const std::string& prefix) {
  rewrite(pieces, [&prefix](std::string_view piece) {
    return piece.starts_with(prefix) ? std::string(piece) : prefix + std::string(piece);
  });
}

}  // namespace

Pieces Pieces::whole(std::string text, bool at_start) {
  Pieces pieces{std::move(text), {}, at_start};
  if (!pieces.text.empty()) pieces.ranges.push_back({0, pieces.text.size()});
  return pieces;
}

PreTokenizer::PreTokenizer(const nlohmann::json& json, const std::string& where) {
  if (!json.is_null()) add(json, where);
}

void PreTokenizer::add(const nlohmann::json& json, const std::string& where) {
  const JsonObject object(json, where);
  const std::string type = object.required_string("type");
  if (type == "Sequence") {
    for_each_item(object, "pretokenizers", [this](const auto& item, const auto& place) { add(item, place); });
  } else if (type == "Split") {
    const SplitBehavior behavior = split_behavior_from_name(object.required_string("behavior"), where);
    Splitter splitter =
        regex_splitter(read_pattern(object, "pattern"), behavior, object.boolean("invert", false));
    if (object.required_object("pattern").string("Regex", "") == kTrailingSpace)
      splitter.find = find_trailing_space;
    steps_.emplace_back(std::move(splitter));
  } else if (type == "Digits") {
    const bool individual = object.boolean("individual_digits", false);
    steps_.emplace_back(
        Splitter{find_numerics, individual ? SplitBehavior::isolated : SplitBehavior::contiguous, false});
  } else if (type == "Whitespace") {
    steps_.emplace_back(regex_splitter(Regex(kWordsPattern), SplitBehavior::removed, true));
  } else if (type == "WhitespaceSplit") {
    steps_.emplace_back(regex_splitter(Regex(R"(\s)"), SplitBehavior::removed, false));
  } else if (type == "ByteLevel") {
    if (object.boolean("add_prefix_space", true)) {
      steps_.emplace_back([](Pieces& pieces) { add_prefix(pieces, " "); });
    }
    if (object.boolean("use_regex", true)) {
      steps_.emplace_back(regex_splitter(Regex(kGpt2Pattern), SplitBehavior::isolated, false));
    }
    steps_.emplace_back([](Pieces& pieces) { rewrite(pieces, to_byte_level); });
  } else if (type == "Metaspace") {
    add_metaspace(object);
  } else {
    fail(
        "{}: expected a pre-tokenizer among Sequence, Split, Digits, Whitespace, WhitespaceSplit, ByteLevel, "
        "Metaspace, found {}; use the tokenizer files of a released Janus",
        where, excerpt(type));
  }
}

// As SentencePiece does it: a symbol for every space, one before the text, and words that begin with it.
void PreTokenizer::add_metaspace(const JsonObject& object) {
  const Metaspace metaspace = read_metaspace(object);
  space_symbol_ = metaspace.symbol;
  const Regex symbol = Regex::literal(metaspace.symbol);
  steps_.emplace_back([metaspace, space = Regex::literal(" ")](Pieces& pieces) {
    bool first = pieces.at_start && !pieces.ranges.empty() && pieces.ranges.front().begin == 0;
    rewrite(pieces, [&](std::string_view piece) {
      std::string text = space.replace_all(piece, metaspace.symbol);
      const bool at_start = std::exchange(first, false);
      const bool prepend = metaspace.prepend == Metaspace::Prepend::always ||
                           (metaspace.prepend == Metaspace::Prepend::first && at_start);
      return prepend && !text.starts_with(metaspace.symbol) ? metaspace.symbol + text : text;
    });
  });
  if (object.boolean("split", true)) {
    steps_.emplace_back(regex_splitter(symbol, SplitBehavior::merged_with_next, false));
  }
}

Pieces PreTokenizer::operator()(std::string text, bool at_start) const {
  Pieces pieces = Pieces::whole(std::move(text), at_start);
  for (const Step& step : steps_) step(pieces);
  return pieces;
}

}  // namespace janus
