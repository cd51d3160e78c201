// The user's config.toml.
#include "cli/app/settings_file.h"
#include "tests/fuzz/fuzz.h"

std::vector<std::string> fuzz_seeds() {
  return {"model = \"~/models/Janus-Pro-1B\"\n[generate]\ncfg-scale = 4\nquiet = true\n",
          "a.b = 1\n[\"x y\"]\nz = 1e3 # words\nt = '''\n\\'''\nd = 1979-05-27T07:32:00Z\n",
          "a = [1, [2.5, \"\\u00e9\"]]\nb = {c = -0x1F, d = inf}\n[[list]]\ne = 1_000\n"};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(janus::fuzz::text_of(data, size));
  janus::fuzz::takes([&] { (void)janus::cli::parse_settings(text, "config.toml"); });
  return 0;
}
