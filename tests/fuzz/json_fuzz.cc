// Every way in which this project reads JSON says the same of a text: whether it is any.
#include "core/base/json.h"
#include "core/base/json_line.h"
#include "tests/fuzz/fuzz.h"

namespace {

using janus::fuzz::require;
using janus::fuzz::takes;
using Json = nlohmann::json;

// Asks an object for a key of every type.
void ask(const janus::JsonObject& object, const std::string& key) {
  takes([&] { (void)object.integer(key, 0, -10, 1'000'000); });
  takes([&] { (void)object.number(key, 0); });
  takes([&] { (void)object.boolean(key, false); });
  takes([&] { (void)object.required_string(key); });
  takes([&] { (void)object.numbers(key); });
  takes([&] { (void)object.integers(key, 0, 100); });
  takes([&] { (void)object.choice(key, {"a", "b"}, "choose one"); });
  takes([&] {
    if (const auto inner = object.object(key)) (void)inner->contains("a");
  });
}

// Takes all, deep or not.
struct Anything : nlohmann::json_sax<Json> {
  bool null() override { return true; }
  bool boolean(bool /*value*/) override { return true; }
  bool number_integer(number_integer_t /*value*/) override { return true; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return true; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return true; }
  bool string(string_t& /*value*/) override { return true; }
  bool binary(binary_t& /*value*/) override { return true; }
  bool start_object(size_t /*size*/) override { return true; }
  bool key(string_t& /*name*/) override { return true; }
  bool end_object() override { return true; }
  bool start_array(size_t /*size*/) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(size_t /*byte*/, const std::string& /*token*/, const Json::exception& /*error*/) override {
    return false;
  }
};

}  // namespace

std::vector<std::string> fuzz_seeds() {
  std::vector<std::string> seeds =
      janus::fuzz::test_files({"models/grouped-query", "models/janus-1.3b"}, 2000, ".json");
  seeds.insert(seeds.end(), {R"({"a": [1, -2.5e3, true, null, "x\u00e9\ud83d\ude00"], "a": {"b": {}}})",
                             "[[[[]]]]", "\"\"", std::string(99, '[') + std::string(99, ']'),
                             R"({"a": 18446744073709551615, "b": 1e400})"});
  return seeds;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = janus::fuzz::text_of(data, size);
  Json json;
  const bool taken = takes([&] { json = janus::parse_json(text, "file"); }, janus::fuzz::require_ascii_line);
  require(taken != janus::parse_json_or_discard(text).is_discarded(),
          "one answer of parse_json and parse_json_or_discard");
  janus::OrderedJson ordered;
  const bool in_order = takes([&] { ordered = janus::parse_json<janus::OrderedJson>(text, "file"); });
  require(taken || !in_order, "no JSON that is taken in order alone");
  Anything anything;
  const bool scanned = janus::scan_json(text, anything);
  require(scanned == janus::is_json(text) && (scanned || !taken),
          "one answer of parse_json, scan_json and is_json");
  takes([&] { (void)janus::parse_json(text, "file", janus::DuplicateKeys::refuse, "mend it"); });
  if (!taken) return 0;
  janus::fuzz::require_ascii_line(janus::excerpt(json));
  require(janus::parse_json(json.dump(), "again") == json, "the same value from what was written of it");
  if (in_order) require(janus::to_line(ordered).find('\n') == std::string::npos, "one line");
  takes([&] {
    const janus::JsonObject object(json, "file");
    for (const char* key : {"a", "b", "text_config", "image_mean"}) ask(object, key);
  });
  return 0;
}
