// What people type in a conversation: words, paths, and the beginnings of both that the Tab key completes.
#include "cli/chat/chat_commands.h"
#include "cli/chat/completion.h"
#include "cli/chat/typed_path.h"
#include "tests/fuzz/fuzz.h"

std::vector<std::string> fuzz_seeds() {
  return {"/image 'a b.png' \"c\\\"d\" e\\ f",
          "~/x ~root/y ~nobody-here/z",
          "file:///tmp/a%20b%C3%A9.png",
          "/generate a cat",
          "/set cfg-scale 4",
          "/save \"/pro",
          "/se"};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string line(janus::fuzz::text_of(data, size));
  for (const bool split : {false, true}) {
    const auto words = janus::cli::shell_words(line, split);
    if (!words) continue;
    if (!split) janus::fuzz::require(words->size() <= 1, "one word");
    for (const std::string& word : *words) (void)janus::cli::located(word);
  }
  (void)janus::cli::typed_inputs(line);
  (void)janus::cli::typed_path(line);
  (void)janus::cli::complete_line(line, {"cfg-scale", "seed"});
  const size_t end = line.find(' ');
  janus::fuzz::takes([&] {
    (void)janus::cli::chat_command_of(line.substr(0, end), end == line.npos ? "" : line.substr(end + 1));
  });
  return 0;
}
