#include "core/quant/quantize.h"

#include <cmath>

#include "core/base/error.h"

namespace janus {
namespace {

const Format& checked(const char* what, DType type, int64_t count) {
  const Format& format = format_of(type);
  check(is_weight_type(type) && count >= 0 && count % format.block == 0,
        "{}: expected a weight type and whole blocks of it, found {} elements of {}", what, count,
        format.name);
  return format;
}

}  // namespace

DType type_for_rows(DType wanted, int64_t length) {
  while (length % format_of(wanted).block != 0) wanted = format_of(wanted).fallback;
  return wanted;
}

void check_quantizable(DType type, const float* from, int64_t count) {
  if (!is_quantized(type)) return;
  const float largest = format_of(type).largest;
  bool all = true;
  for (int64_t i = 0; i < count; ++i) all &= std::abs(from[i]) <= largest;
  if (all) return;
  for (int64_t i = 0; i < count; ++i) {
    check(std::abs(from[i]) <= largest, "a number of a weight: expected at most {} for {}, found {}", largest,
          name_of(type), from[i]);
  }
}

void quantize(DType type, const float* from, int64_t count, std::byte* to) {
  const Format& format = checked("quantize", type, count);
  check_quantizable(type, from, count);
  format.quantize(from, count, to);
}

void dequantize(DType type, const std::byte* from, int64_t count, float* to) {
  checked("dequantize", type, count).dequantize(from, count, to);
}

}  // namespace janus
