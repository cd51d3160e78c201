// A conversation that was saved: what is read of it is written the same way again.
#include "cli/chat/transcript.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutator.h"

std::vector<std::string> fuzz_seeds() {
  return {
      R"([{"role": "user", "text": "What?", "images": ["/a.png"]}, {"role": "assistant", "text": "A dot.",)"
      R"( "ids": [1, 2], "finish_reason": "stop", "seed": 7, "model": "janus-tiny"},)"
      R"( {"role": "user", "text": "/generate a cat", "images": ["/b.png"]},)"
      R"( {"role": "user", "text": "/image /c d.png", "images": ["/c d.png"]}])",
      "[]"};
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  return janus::fuzz::mutate_json_part(data, size, most, seed, 0);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const janus::fuzz::NamedFile file("conversation");
  file.write(janus::fuzz::text_of(data, size));
  janus::fuzz::takes([&] {
    const janus::cli::Transcript transcript = janus::cli::read_transcript(file.path());
    (void)janus::cli::transcript_text(transcript);
    const std::string written = janus::cli::transcript_json(transcript)
                                    .dump(-1, ' ', false, janus::cli::Json::error_handler_t::replace);
    file.write(written);
    const janus::cli::Transcript again = janus::cli::read_transcript(file.path());
    janus::fuzz::require(again.size() == transcript.size(), "the same conversation again");
  });
  return 0;
}
