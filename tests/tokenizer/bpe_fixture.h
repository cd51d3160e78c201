// A small byte-level BPE tokenizer for the tests, made in memory.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/checkpoint/file_set.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus {

// Files of a model folder that live as long as this object.
class MemoryFolder {
 public:
  explicit MemoryFolder(std::map<std::string, std::string> files) : content_(std::move(files)) {}
  FileSet files() const {
    std::map<std::string, std::span<const std::byte>> views;
    for (const auto& [name, content] : content_) views[name] = std::as_bytes(std::span(content));
    return FileSet::builtin("folder", views);
  }
  std::unique_ptr<TextTokenizer> open() const { return open_tokenizer(files()); }

 private:
  std::map<std::string, std::string> content_;
};

// The one line that opening the tokenizer of `files` fails with.
inline std::string error_of(const std::map<std::string, std::string>& files) {
  try {
    MemoryFolder(files).open();
  } catch (const Error& error) {
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << "one line: " << error.what();
    return error.what();
  }
  return "no error";
}

// Letters, digits, a space (U+0120) and the merges "h e", "l l", "he ll": hell is one token.
inline nlohmann::json small_bpe() {
  nlohmann::json vocab;
  for (const char c : std::string("abcdefghijklmnopqrstuvwxyz0123456789<>|"))
    vocab[std::string(1, c)] = vocab.size();
  for (const char* token : {"\u0120", "he", "ll", "hell"}) vocab[token] = vocab.size();
  return {{"version", "1.0"},
          {"added_tokens",
           {{{"id", 50}, {"content", "<begin>"}, {"special", true}, {"normalized", false}},
            {{"id", 51}, {"content", "<end>"}, {"special", true}, {"normalized", false}},
            {{"id", 52}, {"content", "<word>"}, {"special", false}, {"normalized", false}}}},
          {"normalizer", nullptr},
          {"pre_tokenizer", {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"use_regex", false}}},
          {"post_processor", nullptr},
          {"decoder", {{"type", "ByteLevel"}}},
          {"model", {{"type", "BPE"}, {"vocab", vocab}, {"merges", {"h e", "l l", "he ll"}}}}};
}

}  // namespace janus
