// The tokenizers against the Python packages: every text of the corpus, under every variant. The data is made
// by tests/reference/tokenizer_golden.py.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/utf8.h"
#include "core/checkpoint/file_set.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus {
namespace {

const std::string kData = JANUS_TEST_DATA "/tokenizer/";

std::string read_file(const std::string& name) {
  std::ifstream file(kData + name, std::ios::binary);
  std::stringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

nlohmann::json read_json(const std::string& name) { return parse_json(read_file(name), name); }

const nlohmann::json& corpus() {
  static const nlohmann::json texts = read_json("corpus.json");
  return texts;
}

// Two characters an id, a line a text.
std::vector<std::vector<int32_t>> read_ids(const std::string& name) {
  std::vector<std::vector<int32_t>> ids;
  std::istringstream lines(read_file(name));
  for (std::string line; std::getline(lines, line);) {
    std::vector<int32_t>& of_line = ids.emplace_back();
    for (size_t i = 0; i + 1 < line.size(); i += 2)
      of_line.push_back((line[i] - 33) * 94 + (line[i + 1] - 33));
  }
  return ids;
}

// A tokenizer of memory: the files live as long as the test.
class Variant {
 public:
  explicit Variant(const nlohmann::json& description) {
    const auto base = description.at("base").get<std::string>();
    bool has_template = true;
    if (base.ends_with(".model")) {
      content_ = read_file(base);
    } else {
      nlohmann::json json = read_json(base);
      json.merge_patch(description.at("merge"));
      for (const auto& [key, value] : description.at("replace").items()) json[key] = value;
      content_ = json.dump();
      has_template =
          json["post_processor"].is_object() && json["post_processor"]["type"] == "TemplateProcessing";
    }
    const std::span<const char> bytes(content_);
    std::map<std::string, std::span<const std::byte>> files{
        {base.ends_with(".model") ? "tokenizer.model" : "tokenizer.json", std::as_bytes(bytes)}};
    // The package `tokenizers` adds what the file's template says, and no begin token of its own.
    constexpr std::string_view kNoBegin = R"({"add_bos_token": false})";
    if (!has_template) files["tokenizer_config.json"] = std::as_bytes(std::span(kNoBegin));
    tokenizer_ = open_tokenizer(FileSet::builtin("golden", files));
  }
  const TextTokenizer& operator*() const { return *tokenizer_; }
  const TextTokenizer* operator->() const { return tokenizer_.get(); }

 private:
  std::string content_;
  std::unique_ptr<TextTokenizer> tokenizer_;
};

class Golden : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    for (const nlohmann::json& variant : read_json("variants.json")) {
      if (variant.at("name") == GetParam()) description_ = variant;
    }
    ASSERT_TRUE(description_.is_object()) << GetParam();
    if (description_.at("base").get<std::string>().ends_with(".model") && !JANUS_WITH_SENTENCEPIECE) {
      GTEST_SKIP() << "built without SentencePiece";
    }
    stride_ = description_.at("stride");
    for (const auto& index : description_.value("left_out", std::vector<size_t>{})) left_out_.insert(index);
  }

  nlohmann::json description_;
  size_t stride_ = 1;
  std::set<size_t> left_out_;  // texts whose normalisation is newer than the reference's tables
};

TEST_P(Golden, IdsAndTextsEqualThePythonPackages) {
  const Variant tokenizer(description_);
  const auto expected = read_ids(GetParam() + ".ids");
  const nlohmann::json decoded = read_json(GetParam() + ".decoded.json");
  ASSERT_EQ(expected.size(), (corpus().size() + stride_ - 1) / stride_);
  int wrong = 0;
  for (size_t i = 0; i < corpus().size() && wrong < 5; i += stride_) {
    if (left_out_.contains(i)) continue;
    const auto text = corpus()[i].get<std::string>();
    const auto& ids = expected[i / stride_];
    const auto found = tokenizer->encode(text, true);
    if (found != ids) {
      ADD_FAILURE() << "text " << i << " " << excerpt(text, 200) << "\nexpected "
                    << testing::PrintToString(ids) << "\nfound    " << testing::PrintToString(found);
      ++wrong;
    }
    const std::string key = std::to_string(i);
    const auto text_again = decoded.contains(key) ? decoded.at(key).get<std::string>() : text;
    if (const std::string found_text = to_utf8(tokenizer->decode(ids)); found_text != text_again) {
      ADD_FAILURE() << "text " << i << " decoded from " << testing::PrintToString(ids) << "\nexpected "
                    << excerpt(text_again, 200) << "\nfound    " << excerpt(found_text, 200);
      ++wrong;
    }
  }
}

// What streaming rests on: the text of the first n tokens is the beginning of the text of all.
TEST_P(Golden, TextOfTheFirstTokensIsABeginning) {
  const Variant tokenizer(description_);
  const auto all = read_ids(GetParam() + ".ids");
  for (size_t line = 0; line < all.size(); line += 97) {
    const std::span<const int32_t> ids(all[line]);
    const std::string whole = tokenizer->decode(ids);
    Utf8Stream stream;
    std::string streamed;
    std::string before;
    for (size_t n = 1; n <= ids.size(); ++n) {
      const std::string text = tokenizer->decode(ids.first(n));
      ASSERT_TRUE(whole.starts_with(text)) << "line " << line << ", " << n << " tokens: " << excerpt(text);
      ASSERT_TRUE(text.starts_with(before));
      const std::string piece = stream.push(std::string_view(text).substr(before.size()));
      ASSERT_TRUE(is_utf8(piece));
      streamed += piece;
      before = text;
    }
    EXPECT_EQ(streamed + stream.finish(), to_utf8(whole));
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, Golden,
                         testing::Values("deepseek", "odd_tokens", "gpt2", "llama3", "deepseek_v3", "flags",
                                         "accents", "composed", "fallback", "metaspace_first",
                                         "metaspace_always", "metaspace_never", "plain", "unigram"),
                         [](const auto& test) { return test.param; });

TEST(Corpus, IsLargeEnoughAndEveryVariantIsTested) {
  EXPECT_GE(corpus().size(), 10000U);
  EXPECT_EQ(read_json("variants.json").size(), 14U);
}

}  // namespace
}  // namespace janus
