// Byte pair encoding: the `model` of tokenizer.json.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "tokenizer/text/merge_table.h"

namespace janus {

class BpeModel {
 public:
  // Reads {"type": "BPE", "vocab", "merges", ...}. Throws Error, naming file and place, for another type, an
  // id that two tokens have, a merge of tokens that are not in the vocabulary, and options that are not
  // supported.
  BpeModel(const nlohmann::json& json, const std::string& where);

  // Appends the ids of one piece of text. Safe to call from several threads.
  void encode(std::string_view piece, std::vector<int32_t>& ids) const;

  std::optional<int32_t> id_of(std::string_view token) const;
  // Null for an id that no token has.
  const std::string* token_of(int32_t id) const;
  int32_t largest_id() const { return largest_id_; }  // -1 if there are no tokens

 private:
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  class Word;

  void read_vocab(const nlohmann::json& json, const std::string& where);
  void read_merges(const nlohmann::json& json, const std::string& where);
  void add_merge(std::string_view left, std::string_view right, size_t rank, const std::string& where);
  // Ids of the single characters, before any merge.
  void characters(std::string_view piece, std::vector<int32_t>& ids) const;
  std::optional<int32_t> id_of_character(std::string_view character, char32_t code_point) const;
  bool add_bytes(std::string_view character, std::vector<int32_t>& ids) const;

  std::unordered_map<std::string, int32_t, TextHash, std::equal_to<>> ids_;
  std::unordered_map<int32_t, const std::string*> tokens_;  // into ids_, whose keys stay where they are
  std::vector<int32_t>
      character_ids_;  // of the first code points, -1 for none; all characters of a byte level
  MergeTable merges_;
  std::optional<int32_t> unknown_id_;
  bool fuse_unknown_ = false;
  bool byte_fallback_ = false;
  bool ignore_merges_ = false;
  int32_t largest_id_ = -1;
};

}  // namespace janus
