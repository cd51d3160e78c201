// Files of a BPE tokenizer and a text for it, parted by zero bytes: tokenizer.json, tokenizer_config.json,
// special_tokens_map.json, text.
#include "tests/fuzz/json_mutator.h"
#include "tests/fuzz/tokenizer_input.h"

namespace {

const std::vector<std::string> kFiles = {"tokenizer.json", "tokenizer_config.json",
                                         "special_tokens_map.json"};

// A tokenizer with every kind of section.
constexpr const char* kRich = R"({"version": "1.0",
  "added_tokens": [{"id": 50, "content": "<begin>", "special": true, "normalized": false},
    {"id": 51, "content": "<end>", "special": true, "normalized": false},
    {"id": 52, "content": "<word>", "special": false, "normalized": true, "lstrip": true, "rstrip": true,
     "single_word": true}],
  "normalizer": {"type": "Sequence", "normalizers": [
    {"type": "NFKC"}, {"type": "Lowercase"}, {"type": "StripAccents"},
    {"type": "Strip", "strip_left": true, "strip_right": true}, {"type": "Prepend", "prepend": "a"},
    {"type": "Replace", "pattern": {"Regex": "b+"}, "content": "c"}]},
  "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
    {"type": "Split", "pattern": {"Regex": "\\s?[A-Za-z\u00b5-\u00ff]+|\\p{N}{1,3}"}, "behavior": "Isolated",
     "invert": false},
    {"type": "Split", "pattern": {"String": "x"}, "behavior": "MergedWithNext", "invert": true},
    {"type": "Digits", "individual_digits": true}, {"type": "Whitespace"},
    {"type": "ByteLevel", "add_prefix_space": true, "use_regex": true}]},
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "B", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [], "special_tokens": {"B": {"id": "B", "ids": [50], "tokens": ["<begin>"]}}},
  "decoder": {"type": "Sequence", "decoders": [
    {"type": "Replace", "pattern": {"String": "q"}, "content": "r"}, {"type": "ByteFallback"}, {"type": "ByteLevel"},
    {"type": "Fuse"}, {"type": "Strip", "content": "a", "start": 1, "stop": 0}]},
  "model": {"type": "BPE", "byte_fallback": true, "fuse_unk": true, "unk_token": "z", "ignore_merges": true,
    "vocab": {"a": 0, "b": 1, "c": 2, "e": 3, "h": 4, "l": 5, "o": 6, "q": 7, "x": 8, "z": 9, "0": 10, "1": 11,
              "\u0120": 12, "he": 13, "ll": 14, "hell": 15},
    "merges": ["h e", "l l", "he ll"]}})";
constexpr const char* kConfig =
    R"({"bos_token": {"content": "<begin>", "lstrip": false}, "eos_token": "<end>",
  "pad_token": null, "add_bos_token": true, "tokenizer_class": "LlamaTokenizerFast",
  "additional_special_tokens": ["<word>"], "added_tokens_decoder": {"50": {"content": "<begin>", "special": true},
  "60": {"content": "<new>", "rstrip": true}}})";
constexpr const char* kText = "hello <begin> <word>x\xE6\xBC\xA2 12\n\xF0\x9F\x98\x80\xC3\xA9";

}  // namespace

std::vector<std::string> fuzz_seeds() {
  using janus::fuzz::joined;
  using janus::fuzz::test_data;
  return {joined({kRich, kConfig, "", kText}),
          joined({kRich, "", kConfig, "bbb aaaaaaaaaaaaaaaaaaaa\xFF\xED\xA0\x80"}),
          joined({test_data("models/grouped-query/tokenizer.json"),
                  test_data("models/grouped-query/tokenizer_config.json"),
                  test_data("models/grouped-query/special_tokens_map.json"), kText}),
          joined({test_data("tokenizer/fallback.json"), "", "", kText})};
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  return janus::fuzz::mutate_json_part(data, size, most, seed, 0);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::string> parts =
      janus::fuzz::parts_of(janus::fuzz::text_of(data, size), kFiles.size() + 1);
  std::map<std::string, std::string> files;
  for (size_t i = 0; i < kFiles.size(); ++i) {
    if (!parts[i].empty()) files[kFiles[i]] = parts[i];
  }
  janus::fuzz::use_tokenizer(files, parts.back());
  return 0;
}
