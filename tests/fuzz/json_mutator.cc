#include "tests/fuzz/json_mutator.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/utf8.h"
#include "tests/fuzz/fuzz.h"

// libFuzzer's own damage to bytes; mutate.cc has another.
extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t most);

namespace janus::fuzz {
namespace {

using Json = nlohmann::json;

const std::vector<Json>& likely_values() {
  static const std::vector<Json> values = {nullptr,
                                           true,
                                           -1,
                                           0,
                                           1,
                                           2147483647,
                                           INT64_MIN,
                                           UINT64_MAX,
                                           0.5,
                                           1e300,
                                           "",
                                           "a",
                                           "(",
                                           "[^\\s]+(?!\\S)",
                                           "(a+)+$",
                                           "Sequence",
                                           "\u0120",
                                           "<end>",
                                           Json::array(),
                                           Json::object(),
                                           Json::array({1, "b"}),
                                           Json::array({0, 0, 0})};
  return values;
}

class Changer {
 public:
  explicit Changer(unsigned seed) : random_(seed) {}
  size_t below(size_t bound) { return random_() % bound; }

  // A value somewhere in `json` replaced, removed, doubled or changed.
  void change(Json& json) {
    Json* at = &json;
    while (at->is_structured() && !at->empty() && below(6) != 0) {
      auto item = at->begin();
      std::advance(item, below(at->size()));
      if (below(12) == 0) {
        at->erase(item);
        return;
      }
      at = &*item;
    }
    replace(json, *at);
  }

 private:
  void replace(const Json& whole, Json& value) {
    const size_t kind = below(4);
    if (kind == 0 && value.is_string()) {
      value = bytes(value.get<std::string>());
    } else if (kind == 1 && value.is_number_integer()) {
      value = static_cast<int64_t>(value.get<uint64_t>() + below(141) - 70);
    } else if (kind == 2 && whole.is_structured() && !whole.empty()) {
      auto other = whole.begin();
      std::advance(other, below(whole.size()));
      const Json copy = *other;
      if (value.is_array()) {
        value.push_back(copy);
      } else if (value.is_object()) {
        value[other->is_string() ? other->get<std::string>() : "key"] = copy;
      } else {
        value = copy;
      }
    } else {
      value = likely_values()[below(likely_values().size())];
    }
  }

  std::string bytes(std::string text) {
    for (size_t n = 1 + below(4); n > 0; --n) {
      text.insert(below(text.size() + 1), 1, static_cast<char>(below(256)));
      if (below(2) == 0) text.erase(below(text.size()), 1 + below(3));
    }
    return to_utf8(text);
  }

  std::mt19937 random_;
};

}  // namespace

size_t mutate_json_part(uint8_t* data, size_t size, size_t most, unsigned seed, size_t skip) {
  Changer changer(seed);
  if (size <= skip || changer.below(4) == 0) return LLVMFuzzerMutate(data, size, most);
  const std::string_view input = text_of(data, size);
  const auto count = 1 + static_cast<size_t>(std::count(input.begin() + skip, input.end(), '\0'));
  std::vector<std::string> parts = parts_of(input.substr(skip), count);
  std::string& part = parts[changer.below(parts.size())];
  Json json = parse_json_or_discard(part);
  if (json.is_discarded()) return LLVMFuzzerMutate(data, size, most);
  for (size_t n = 1 + changer.below(3); n > 0; --n) changer.change(json);
  part = json.dump();
  const std::string changed = std::string(input.substr(0, skip)) + joined(parts);
  if (changed.size() > most) return LLVMFuzzerMutate(data, size, most);
  std::copy(changed.begin(), changed.end(), data);
  return changed.size();
}

}  // namespace janus::fuzz
