// What a hub says that a repository holds: no name leads out of a folder.
#include <algorithm>

#include "cli/hub/listing.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/json_mutator.h"

namespace {

using janus::fuzz::require;

void require_safe(const janus::hub::RemoteFile& file) {
  require(!file.name.empty() && file.name != "." && file.name != "..", "a file's name");
  require(file.name.find('/') == std::string::npos && file.name.find('\\') == std::string::npos,
          "a name in the folder");
  require(std::none_of(file.name.begin(), file.name.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }),
          "a name without control characters");
  require(file.bytes >= 0, "a size");
  require(std::all_of(file.hash.begin(), file.hash.end(),
                      [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }) &&
              (file.hash.size() == 40 || file.hash.size() == 64),
          "a hash that is a name in the cache");
}

}  // namespace

std::vector<std::string> fuzz_seeds() {
  const std::string commit(40, 'c'), blob(40, 'b'), sha(64, 'a');
  return {R"({"sha": ")" + commit +
              R"(", "cardData": {"license": "other", "license_link": "https://x/y"}, "siblings": [)" +
              R"({"rfilename": "config.json", "size": 10, "blobId": ")" + blob + R"("}, )" +
              R"({"rfilename": "model.safetensors", "size": 100, "blobId": ")" + blob +
              R"(", "lfs": {"sha256": ")" + sha +
              R"(", "size": 100}}, {"rfilename": "tokenizer.json", "size": 3, "blobId": ")" + blob +
              R"("}, {"rfilename": "vae/config.json", "size": 3, "blobId": ")" + blob + R"("}]})",
          R"({"sha": ")" + commit + R"(", "siblings": [{"rfilename": "m.gguf", "size": 1, "blobId": ")" +
              blob + R"("},)" + R"({"rfilename": "model.safetensors.index.json", "size": 1, "blobId": ")" +
              blob + R"("}]})"};
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t most, unsigned seed) {
  return janus::fuzz::mutate_json_part(data, size, most, seed, 0);
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  janus::fuzz::takes([&] {
    const janus::hub::Listing listing = janus::hub::parse_listing(janus::fuzz::text_of(data, size), "hub");
    for (const janus::hub::RemoteFile& file : listing.files) require_safe(file);
    const auto fetch = [&](const janus::hub::RemoteFile& file) { return file.hash; };
    for (const janus::hub::RemoteFile& file : janus::hub::needed_files(listing, fetch, "hub"))
      require_safe(file);
  });
  return 0;
}
