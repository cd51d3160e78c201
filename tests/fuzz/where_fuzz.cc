// Conditions of --where, and globs of --include and --exclude on names, parted by zero bytes.
#include "cli/sources/name_filter.h"
#include "cli/sources/where.h"
#include "tests/fuzz/fuzz.h"

std::vector<std::string> fuzz_seeds() {
  using janus::fuzz::joined;
  return {
      joined({"width>=512 and (aspect<=2 or format==png)", "*.png", "a/b/c.png"}),
      joined({"not (not height < 3) or bytes != 1e6 and aspect > 16:9", "**/[a-c]?[!x]*", "\xC3\xA9/B.JPG"}),
      joined({"pixels>18446744073709551616 AND format != jpeg", "[]-]*[", ".hidden/x"})};
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<std::string> parts = janus::fuzz::parts_of(janus::fuzz::text_of(data, size), 3);
  janus::cli::Where where;
  const std::string fault = janus::cli::Where::read(parts[0], where);
  ++(fault.empty() ? janus::fuzz::tally().taken : janus::fuzz::tally().refused);
  if (!fault.empty()) janus::fuzz::require_one_line(fault);
  for (const int64_t side : {int64_t{0}, int64_t{1}, int64_t{640}, int64_t{1} << 28})
    (void)where.holds({.width = side, .height = 480, .bytes = side, .format = "png"});
  const janus::cli::NameFilter filter({parts[1]}, {parts[2]});
  for (const std::string& name : {parts[2], std::string("a/b/c.png"), std::string()}) {
    (void)filter.chooses_file(name);
    (void)filter.enters_folder(name);
    (void)filter.chooses_path(name);
  }
  return 0;
}
