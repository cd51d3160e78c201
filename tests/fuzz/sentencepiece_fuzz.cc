// tokenizer.model, and behind its end a text: the last byte tells how long.
#include <algorithm>

#include "tests/fuzz/tokenizer_input.h"

namespace {

constexpr const char* kText = "hello \xE2\x96\x81world <s>12\n\xF0\x9F\x98\x80";

std::string with_text(std::string model) {
  return std::move(model) + kText + static_cast<char>(std::string_view(kText).size());
}

}  // namespace

std::vector<std::string> fuzz_seeds() { return {with_text(janus::fuzz::test_data("tokenizer/plain.model"))}; }

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t length = std::min<size_t>(data[size - 1], size - 1);
  const std::string_view input = janus::fuzz::text_of(data, size - 1);
  const std::string_view text = input.substr(input.size() - length);
  janus::fuzz::use_tokenizer({{"tokenizer.model", std::string(input.substr(0, input.size() - length))}},
                             text);
  return 0;
}
