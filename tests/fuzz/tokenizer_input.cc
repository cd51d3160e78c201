#include "tests/fuzz/tokenizer_input.h"

#include <span>

#include "core/base/utf8.h"
#include "tokenizer/text/text_tokenizer.h"

namespace janus::fuzz {
namespace {

void require_known(const TextTokenizer& tokenizer, const std::vector<int32_t>& ids) {
  for (const int32_t id : ids) {
    require(id >= 0 && id < tokenizer.size(), "an id of the tokenizer");
    (void)tokenizer.token_of(id);
    (void)tokenizer.is_special(id);
  }
}

void use(const TextTokenizer& tokenizer, std::string_view text) {
  for (const bool add_begin : {false, true}) require_known(tokenizer, tokenizer.encode(text, add_begin));
  // What stands in a text as somebody's words, in the middle of others.
  const std::string words = to_utf8(text);
  const TextRange range{words.size(), 2 * words.size()};
  require_known(tokenizer, tokenizer.encode(words + words + words, false, {&range, 1}));
  const std::vector<int32_t> ids = tokenizer.encode(text, true);
  const std::string whole = tokenizer.decode(ids);
  const std::string half = tokenizer.decode(std::span(ids).first(ids.size() / 2));
  require(whole.starts_with(half), "the text of the first ids at the beginning of all");
  (void)tokenizer.decode(std::vector<int32_t>{-1, INT32_MAX, INT32_MIN, tokenizer.size(), 0});
  (void)tokenizer.id_of(text);
}

}  // namespace

void use_tokenizer(const std::map<std::string, std::string>& files, std::string_view text) {
  takes([&] {
    std::map<std::string, std::span<const std::byte>> views;
    for (const auto& [name, content] : files) views[name] = std::as_bytes(std::span(content));
    const std::unique_ptr<TextTokenizer> tokenizer = open_tokenizer(FileSet::builtin("folder", views));
    takes([&] { use(*tokenizer, text); });
  });
}

}  // namespace janus::fuzz
