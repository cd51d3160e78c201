// The merges of byte pair encoding, looked up by the pair: several times for each character of a text.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace janus {

class MergeTable {
 public:
  struct Merge {
    int32_t rank = 0;  // smaller ones are done first
    int32_t id = 0;    // of the two joined
  };

  // Room for `count` pairs; more must not be added.
  void reserve(size_t count) { slots_.assign(std::bit_ceil(count * 2 + 1), {}); }
  // Replaces what the pair had. Ids are not negative.
  void set(int32_t left, int32_t right, const Merge& merge) {
    slots_[place_of(left, right)] = {left, right, merge};
  }
  // Null for a pair without a merge.
  const Merge* find(int32_t left, int32_t right) const {
    const Slot& slot = slots_[place_of(left, right)];
    return slot.left < 0 ? nullptr : &slot.merge;
  }

 private:
  struct Slot {
    int32_t left = -1;  // none
    int32_t right = -1;
    Merge merge;
  };

  // Where the pair stands, or the free slot that it would have: at least half of them are free.
  size_t place_of(int32_t left, int32_t right) const {
    const uint64_t pair = uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
    const size_t mask = slots_.size() - 1;
    size_t place = static_cast<size_t>((pair * 0x9E3779B97F4A7C15U) >> 32) & mask;
    while (slots_[place].left >= 0 && (slots_[place].left != left || slots_[place].right != right)) {
      place = (place + 1) & mask;
    }
    return place;
  }

  std::vector<Slot> slots_{1};
};

}  // namespace janus
