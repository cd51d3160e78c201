#include "core/quant/finite_weights.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/base/finite.h"
#include "core/quant/quantize.h"

namespace janus {
namespace {

// Elements of two bytes whose exponent's bits are all set.
bool all_finite16(uint16_t exponent, const std::byte* from, int64_t count) {
  uint16_t found = 0;
  for (int64_t i = 0; i < count; ++i) {
    uint16_t bits = 0;
    std::memcpy(&bits, from + 2 * i, sizeof bits);
    found |= static_cast<uint16_t>((bits & exponent) == exponent);
  }
  return found == 0;
}

}  // namespace

bool all_finite(DType type, const std::byte* from, int64_t count) {
  if (type == DType::bf16) return all_finite16(0x7F80, from, count);
  if (type == DType::f16) return all_finite16(0x7C00, from, count);
  constexpr int64_t kPiece = 1 << 14;  // whole blocks of every type
  std::vector<float> piece(static_cast<size_t>(std::min(count, kPiece)));
  for (int64_t begin = 0; begin < count; begin += kPiece) {
    const int64_t length = std::min(kPiece, count - begin);
    dequantize(type, from + bytes_of(type, begin), length, piece.data());
    if (!all_finite({piece.data(), static_cast<size_t>(length)})) return false;
  }
  return true;
}

}  // namespace janus
