#include "cli/sources/source_options.h"

#include "cli/io/image_input.h"

namespace janus::cli {
namespace {

Reader where_text(Where& where) {
  return {.take = [&where](const std::string& text) { return Where::read(text, where); }};
}

Reader shard_text(SourceSettings& sources) {
  return {.take = [&sources](const std::string& text) -> std::string {
    constexpr const char* kExpected = "a part and how many there are, from 1/1 to 9999/9999";
    const size_t slash = text.find('/');
    if (slash == std::string::npos) return kExpected;
    const bool shards = number(sources.shards, {1, 9999}).take(text.substr(slash + 1)).empty();
    const bool fits =
        shards && number(sources.shard, {1, sources.shards}).take(text.substr(0, slash)).empty();
    return fits ? "" : kExpected;
  }};
}

}  // namespace

void declare_sources(OptionSet& options, SourceSettings& settings) {
  options.values("--include", "GLOB", settings.include,
                 "in folders and archives: only these, by name, or by path if it has a /, in upper or lower "
                 "case; may be repeated");
  options.values("--exclude", "GLOB", settings.exclude, "not these, folders included; may be repeated");
  options.flag("-0,--null", settings.nul_separated,
               "paths in lists end with a zero byte, as find -print0 writes");
  options.option("--image-field", "NAME", some_text(settings.image_field),
                 "where .jsonl lists have the path");
  options.option("--where", "TEXT", where_text(settings.where),
                 "only pictures of which this holds: width>=512 and (aspect<=16:9 or not format==gif); also "
                 "height, bytes, pixels");
  options.option("--limit", "N", number(settings.limit, {0, INT64_MAX}), "the first N pictures, 0 = all");
  options.flag("--shuffle", settings.shuffle, "in an order drawn from the seed");
  options.option("--shard", "I/N", shard_text(settings), "part I of N, for N machines: 1/4 to 4/4");
  options.option("--decoders", "N", number(settings.decoders, {0, 256}),
                 "threads that read pictures ahead, 0 = as many as processors");
  declare_pixel_limit(options, settings.pixel_limit);
}

}  // namespace janus::cli
