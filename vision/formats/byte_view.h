// Bounds-checked reading of numbers from file bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace janus {

// Numbers at byte offsets of a window. What lies outside the window reads as 0, so a parser of untrusted
// bytes cannot leave it; contains() tells the difference where it matters.
class ByteView {
 public:
  enum class Order : uint8_t { little, big };

  ByteView(std::span<const std::byte> bytes, Order order) : bytes_(bytes), order_(order) {}

  size_t size() const { return bytes_.size(); }
  bool contains(uint64_t offset, uint64_t count) const {
    return offset <= bytes_.size() && count <= bytes_.size() - offset;
  }
  // The part of [offset, offset + count) that lies inside.
  std::span<const std::byte> part(uint64_t offset, uint64_t count) const {
    if (offset >= bytes_.size()) return {};
    const uint64_t rest = bytes_.size() - offset;
    return bytes_.subspan(offset, count < rest ? count : rest);
  }
  ByteView window(uint64_t offset, uint64_t count) const { return {part(offset, count), order_}; }
  ByteView window(uint64_t offset) const { return window(offset, UINT64_MAX); }
  bool has_text(uint64_t offset, std::string_view text) const {
    if (!contains(offset, text.size())) return false;
    for (size_t i = 0; i < text.size(); ++i) {
      if (u8(offset + i) != static_cast<uint8_t>(text[i])) return false;
    }
    return true;
  }

  uint8_t u8(uint64_t offset) const { return static_cast<uint8_t>(number(offset, 1)); }
  uint16_t u16(uint64_t offset) const { return static_cast<uint16_t>(number(offset, 2)); }
  uint32_t u24(uint64_t offset) const { return static_cast<uint32_t>(number(offset, 3)); }
  uint32_t u32(uint64_t offset) const { return static_cast<uint32_t>(number(offset, 4)); }
  uint64_t u64(uint64_t offset) const { return number(offset, 8); }
  int32_t i32(uint64_t offset) const { return static_cast<int32_t>(u32(offset)); }

 private:
  uint64_t number(uint64_t offset, int bytes) const {
    if (!contains(offset, bytes)) return 0;
    uint64_t value = 0;
    for (int i = 0; i < bytes; ++i) {
      const int at = order_ == Order::big ? i : bytes - 1 - i;
      value = value << 8 | static_cast<uint8_t>(bytes_[offset + at]);
    }
    return value;
  }

  std::span<const std::byte> bytes_;
  Order order_;
};

}  // namespace janus
