// The codes of an image, in the JSON of janus encode.
#include "cli/io/json_output.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutator.h"

std::vector<std::string> fuzz_seeds() {
  const std::string codes = R"({"height": 2, "width": 2, "codes": [0, 1, 16383, 4294967296]})";
  std::string wide = "\xFF\xFE";
  for (const char c : std::string(R"({"height": 1, "width": 1, "codes": [7]})")) wide += {c, '\0'};
  return {codes, wide, R"({"height": 1, "width": 3, "codes": [1, 2, 3], "timings": {"decode_ms": 1.5}})",
          "\x89PNG\r\n\x1A\n"};
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  return janus::fuzz::mutate_json_part(data, size, most, seed, 0);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string file(janus::fuzz::text_of(data, size));
  janus::fuzz::takes([&] {
    const janus::ImageCodes codes = janus::cli::parse_codes(file, "codes.json");
    janus::fuzz::require(codes.codes.size() == size_t(codes.height) * size_t(codes.width), "a code a place");
    const std::string text = janus::cli::codes_text(codes);
    janus::fuzz::require(janus::cli::parse_codes(text, "again").codes == codes.codes, "the same codes again");
  });
  return 0;
}
