// Archives, compressed or not: what unpacking would leave as files is visited, and in no more memory than it
// may take.
#include "cli/sources/archive.h"
#include "tests/fuzz/fuzz.h"

namespace {

constexpr int64_t kMostBytes = 1 << 20;  // of a member whose bytes are asked for

}  // namespace

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds = janus::fuzz::test_files({"lists"}, 20'480, ".tar");
  seeds.push_back(janus::fuzz::test_data("captions-0.1/shard.tar"));
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const janus::fuzz::NamedFile file("archive");
  file.write(janus::fuzz::text_of(data, size));
  janus::fuzz::takes([&] {
    janus::cli::read_archive(
        file.path(), {.wants = [](const std::string& name) { return name.find(".txt") == std::string::npos; },
                      .on_member =
                          [](const janus::cli::ArchiveMember& member, const janus::cli::MemberBytes& bytes) {
                            janus::fuzz::require(bytes.head(32).size() <= 32, "no more than was asked for");
                            if (member.bytes > kMostBytes) return true;
                            janus::fuzz::takes([&] {
                              const std::string all = bytes.all();
                              janus::fuzz::require(static_cast<int64_t>(all.size()) == member.bytes,
                                                   "the whole member");
                            });
                            return true;
                          },
                      .on_lost_link =
                          [](const std::string& /*name*/, const std::string& found) {
                            janus::fuzz::require(!found.empty(), "what a link leads to");
                            return true;
                          },
                      .on_passed_over = [](const std::string& /*one*/, const std::string& /*many*/) {},
                      .stopped = [] { return false; }});
  });
  return 0;
}
