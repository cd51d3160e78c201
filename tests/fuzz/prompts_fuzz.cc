// Lists of prompts, as text and as JSON lines, and the prompt files of benchmarks.

#include "cli/generate/layout.h"
#include "cli/generate/read_settings.h"
#include "cli/io/text_lines.h"
#include "core/base/json.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutator.h"

namespace {

using janus::fuzz::takes;

void read_object(const std::string& text) {
  takes([&] {
    const nlohmann::json json = janus::parse_json(text, "line 1");
    for (const auto& [key, value] : json.items()) (void)janus::cli::is_known_key(key);
    janus::cli::WorkItem item;
    janus::cli::read_settings(janus::JsonObject(json, "line 1"), "correct the line", item);
  });
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  return {
      "a red circle\n\n  a blue square  \r\n",
      R"({"prompt": "a red circle", "negative_prompt": "blue", "seed": 7, "cfg_scale": 4.5, "steps": 20,)"
      R"( "temperature": 0.9, "top_k": 5, "top_p": 0.9, "special_tokens": true, "upscale": 2, "quality": 90,)"
      R"( "model": "m", "type": "native", "version": "0.1.0"})",
      R"({"tag": "counting", "include": [{"class": "bench", "count": 2}], "prompt": "two benches"})",
      "\xEF\xBB\xBFwords\n"};
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  return janus::fuzz::mutate_json_part(data, size, most, seed, 0);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const janus::fuzz::NamedFile file("prompts");
  const std::string text(janus::fuzz::text_of(data, size));
  file.write(text);
  takes([&] {
    for (const janus::cli::TextLine& line : janus::cli::read_text_lines(file.path(), "prompts"))
      read_object(line.text);
  });
  takes([&] { (void)janus::cli::read_layout_prompts(janus::cli::Layout::geneval, file.path()); });
  read_object(text);
  return 0;
}
