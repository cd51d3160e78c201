// iq4_nl: 32 elements d * table[q], q 4 bits; the table is denser near 0, as weights are.
#pragma once

#include "core/quant/nibble_blocks.h"

namespace janus {

struct BlockIq4Nl {
  static constexpr int kSize = 32;
  static constexpr int8_t kTable[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                        1,    13,   25,  38,  53,  69,  89,  113};
  HalfScale scale;
  uint8_t q[kSize / 2];
};
static_assert(sizeof(BlockIq4Nl) == 18);
template <>
struct BlockOf<DType::iq4_nl> {
  using Type = BlockIq4Nl;
};

}  // namespace janus
