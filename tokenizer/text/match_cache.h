// What patterns make of short texts. Most pieces of a text are words that a split pattern leaves alone or
// takes as a whole, and the engine's way into a search costs more than such a search.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <vector>

namespace janus {

// Serves one thread and all patterns. A place belongs to the newest text and pattern that map to it.
class MatchCache {
 public:
  enum class Found : uint32_t { unknown, nothing, whole_text };

  // Where a text and a pattern belong; nowhere for a text that is too long. `pattern` is a number that no
  // other pattern of this process has.
  class Key {
   public:
    Key(uint32_t pattern, std::string_view text) : fits_(text.size() <= kLongest), pattern_(pattern) {
      if (!fits_) return;
      std::memcpy(words_.data(), text.data(), text.size());
      words_.back() |= uint64_t{text.size()} << 56;
      uint64_t hash = pattern;
      for (const uint64_t word : words_) hash = (hash ^ word ^ (hash >> 31)) * 0x9E3779B97F4A7C15U;
      place_ = static_cast<size_t>(hash >> 40) & (kEntries - 1);
    }

   private:
    friend class MatchCache;
    std::array<uint64_t, 3> words_{};  // the text, zeros, and in the last byte its length
    bool fits_ = false;
    uint32_t pattern_ = 0;
    size_t place_ = 0;
  };

  Found find(const Key& key) const {
    const Entry& entry = entries_[key.place_];
    const bool same = key.fits_ && entry.pattern == key.pattern_ && entry.words == key.words_;
    return same ? entry.found : Found::unknown;
  }
  void add(const Key& key, Found found) {
    if (key.fits_) entries_[key.place_] = {key.words_, key.pattern_, found};
  }

 private:
  static constexpr size_t kEntries = 4096;  // 128 KB
  static constexpr size_t kLongest = 23;    // bytes

  struct Entry {
    std::array<uint64_t, 3> words{};
    uint32_t pattern = 0;
    Found found = Found::unknown;
  };
  std::vector<Entry> entries_{kEntries};
};

}  // namespace janus
