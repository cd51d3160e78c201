#include "cli/io/json_output.h"

#include <fmt/format.h>

#include <cmath>
#include <span>

#include "cli/io/input_file.h"
#include "cli/io/text_input.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/json_line.h"
#include "core/base/mapped_file.h"
#include "vision/image_kind.h"

namespace janus::cli {
namespace {

constexpr int64_t kMostCodes = int64_t{1} << 24;

int read_size(const Json& file, const char* key, const std::string& path) {
  bool there = file.contains(key) && file[key].is_number_integer();
  check(there, "codes, {}: expected a whole number as \"{}\", found {}; write the file with janus encode",
        path, key, file.contains(key) ? file[key].type_name() : "none");
  auto size = file[key].get<int64_t>();
  check(size > 0 && size <= kMostCodes,
        "codes, {}: expected \"{}\" of 1 or more, found {}; write the file with "
        "janus encode",
        path, key, size);
  return static_cast<int>(size);
}

}  // namespace

std::string to_line(const Json& record) { return janus::to_line(record); }

void print_json(const Json& record, Console& console) {
  check_mapped_files();
  console.result(to_line(record) + "\n");
}

double rounded(double milliseconds) { return std::round(milliseconds * 1000) / 1000; }

Json timings_json(double load_ms, const Timings& timings) {
  Json parts;
  parts["load_ms"] = rounded(load_ms);
  if (timings.vision_ms > 0) parts["vision_ms"] = rounded(timings.vision_ms);
  if (timings.prefill_ms > 0) parts["prefill_ms"] = rounded(timings.prefill_ms);
  if (timings.decode_ms > 0) parts["decode_ms"] = rounded(timings.decode_ms);
  if (timings.image_decode_ms > 0) parts["image_decode_ms"] = rounded(timings.image_decode_ms);
  parts["tokens_per_second"] = rounded(timings.tokens_per_second);
  return parts;
}

std::string describe_timings(const Timings& timings) {
  std::string text = "timings:";
  if (timings.vision_ms > 0) text += fmt::format(" vision {:.0f} ms,", timings.vision_ms);
  text += fmt::format(" prefill {:.0f} ms, decode {:.0f} ms ({:.1f} a second)", timings.prefill_ms,
                      timings.decode_ms, timings.tokens_per_second);
  if (timings.image_decode_ms > 0) text += fmt::format(", image {:.0f} ms", timings.image_decode_ms);
  return text;
}

std::string codes_text(const ImageCodes& codes) {
  return fmt::format("{{\"height\": {}, \"width\": {}, \"codes\": [{}]}}\n", codes.height, codes.width,
                     fmt::join(codes.codes, ", "));
}

ImageCodes read_codes(const std::string& path) { return parse_codes(read_input(path, "codes"), path); }

ImageCodes parse_codes(const std::string& bytes, const std::string& path) {
  const auto kind = image_kind_of(std::as_bytes(std::span(bytes)));
  check(!kind, "codes, {}: expected a file of janus encode, found a picture ({}); make its codes first: {}",
        path, kind ? kind->name : "", "janus encode IMAGE -o codes.json");
  const std::string text = decode_text(bytes, "codes, " + path);
  Json file = parse_json_or_discard<Json>(text);
  check(file.is_object(),
        "codes, {}: expected a JSON object {{\"height\", \"width\", \"codes\"}}, found {}; write the "
        "file with janus encode",
        path, file.is_discarded() ? "no valid JSON" : file.type_name());
  ImageCodes codes;
  codes.height = read_size(file, "height", path);
  codes.width = read_size(file, "width", path);
  check(file.contains("codes") && file["codes"].is_array(),
        "codes, {}: expected an array as \"codes\", found {}; write the file with janus encode", path,
        file.contains("codes") ? file["codes"].type_name() : "none");
  const Json& list = file["codes"];
  int64_t expected = int64_t{codes.height} * codes.width;
  check(static_cast<int64_t>(list.size()) == expected,
        "codes, {}: expected {} codes for {} x {}, found {}; write the file with janus encode", path,
        expected, codes.height, codes.width, list.size());
  codes.codes.reserve(list.size());
  for (const Json& code : list) {
    bool fits = code.is_number_integer() && code.get<int64_t>() >= 0 && code.get<int64_t>() <= INT32_MAX;
    check(fits,
          "codes, {}: expected whole numbers of 0 or more, found {} at place {}; write the file with janus "
          "encode",
          path, to_line(code), codes.codes.size());
    codes.codes.push_back(code.get<int32_t>());
  }
  return codes;
}

}  // namespace janus::cli
