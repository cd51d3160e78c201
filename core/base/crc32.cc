#include "core/base/crc32.h"

#include <array>

namespace janus {
namespace {

constexpr size_t kSlices = 8;  // bytes a step; one a step takes six times as long on gigabytes of weights
using Table = std::array<uint32_t, 256>;

constexpr std::array<Table, kSlices> make_tables() {
  std::array<Table, kSlices> tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320U : 0);
    tables[0][byte] = value;
  }
  // What a byte becomes when `slice` zero bytes follow it.
  for (size_t slice = 1; slice < kSlices; ++slice) {
    for (uint32_t byte = 0; byte < 256; ++byte) {
      const uint32_t value = tables[slice - 1][byte];
      tables[slice][byte] = (value >> 8) ^ tables[0][value & 0xFF];
    }
  }
  return tables;
}

constexpr std::array<Table, kSlices> kTables = make_tables();

}  // namespace

uint32_t crc32(std::span<const std::byte> bytes, uint32_t before) {
  uint32_t crc = ~before;
  const std::byte* at = bytes.data();
  const std::byte* const end = at + bytes.size();
  const auto byte = [&](size_t index) { return std::to_integer<uint32_t>(at[index]); };
  for (; static_cast<size_t>(end - at) >= kSlices; at += kSlices) {
    crc ^= byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
    crc = kTables[7][crc & 0xFF] ^ kTables[6][crc >> 8 & 0xFF] ^ kTables[5][crc >> 16 & 0xFF] ^
          kTables[4][crc >> 24] ^ kTables[3][byte(4)] ^ kTables[2][byte(5)] ^ kTables[1][byte(6)] ^
          kTables[0][byte(7)];
  }
  for (; at != end; ++at) crc = (crc >> 8) ^ kTables[0][(crc ^ byte(0)) & 0xFF];
  return ~crc;
}

}  // namespace janus
