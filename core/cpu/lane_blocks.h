// The block formats of core/block_formats.h in lanes: 256 numbers each, with the same numbers and scales in
// as many bytes, ordered for products in vectors of 64 bytes.
//
// Number n stands in vector n % 16 / 4 of four, at byte n / 16 * 4 + n % 4. So a lane of 32 bits holds
// numbers of one run of 16, which share a scale in every format, and 16 scales serve all four vectors.
#pragma once

#include <cstdint>

#include "core/block_formats.h"

namespace janus::cpu {

// Of eight blocks of 32.
struct LanesQ8_0 {
  static constexpr int kBlocks = 8;  // of the format as stored
  uint16_t d[kBlocks];
  uint8_t q[kSuperBlock];  // number + 128
};
static_assert(sizeof(LanesQ8_0) == 8 * sizeof(BlockQ8_0));

// Low halves of a byte are of the even vector, high ones of the odd one behind it. fields: of each 32 numbers
// the scale and the min, 6 bits each, from the lowest bit on.
struct LanesQ4_K {
  static constexpr int kBlocks = 1;
  uint16_t d, dmin;
  uint8_t fields[12];
  uint8_t q[kSuperBlock / 2];
};
static_assert(sizeof(LanesQ4_K) == sizeof(BlockQ4_K));

// As q4_k; bit i of the eight bytes of `high` for a vector is the fifth bit of its byte i.
struct LanesQ5_K {
  static constexpr int kBlocks = 1;
  uint16_t d, dmin;
  uint8_t fields[12];
  uint8_t high[4][8];
  uint8_t q[kSuperBlock / 2];
};
static_assert(sizeof(LanesQ5_K) == sizeof(BlockQ5_K));

// Low halves as in q4_k; byte i of `high` has two bits each for byte i of the four vectors.
struct LanesQ6_K {
  static constexpr int kBlocks = 1;
  uint8_t low[kSuperBlock / 2];
  uint8_t high[kSuperBlock / 4];
  int8_t scales[kSuperBlock / 16];
  uint16_t d;
};
static_assert(sizeof(LanesQ6_K) == sizeof(BlockQ6_K));

// 256 bytes in order -> four vectors of 64.
JANUS_ALWAYS_INLINE void order_bytes(const uint8_t* from, uint8_t (&to)[4][64]) {
  for (int vector = 0; vector < 4; ++vector) {
    for (int lane = 0; lane < 16; ++lane) {
      __builtin_memcpy(&to[vector][4 * lane], from + 16 * lane + 4 * vector, 4);
    }
  }
}

JANUS_ALWAYS_INLINE void pack_halves(const uint8_t (&bytes)[4][64], uint8_t* to) {
  for (int i = 0; i < 64; ++i) {
    to[i] = static_cast<uint8_t>((bytes[0][i] & 15) | (bytes[1][i] & 15) << 4);
    to[64 + i] = static_cast<uint8_t>((bytes[2][i] & 15) | (bytes[3][i] & 15) << 4);
  }
}

JANUS_ALWAYS_INLINE void pack_fields(const uint8_t* packed_scales, uint8_t* fields) {
  uint8_t scales[8], mins[8];
  unpack_scales(packed_scales, scales, mins);
  for (int pair = 0; pair < 4; ++pair) {
    const int j = 2 * pair;
    const uint32_t bits = scales[j] | mins[j] << 6 | scales[j + 1] << 12 | mins[j + 1] << 18;
    for (int byte = 0; byte < 3; ++byte) fields[3 * pair + byte] = static_cast<uint8_t>(bits >> 8 * byte);
  }
}

// `from` is as many blocks as make 256 numbers.
JANUS_ALWAYS_INLINE void to_lanes(const BlockQ8_0* from, LanesQ8_0& to) {
  uint8_t numbers[kSuperBlock], bytes[4][64];
  for (int block = 0; block < LanesQ8_0::kBlocks; ++block) {
    to.d[block] = from[block].d;
    for (int i = 0; i < 32; ++i) {
      numbers[32 * block + i] = static_cast<uint8_t>(static_cast<uint8_t>(from[block].q[i]) ^ 0x80);
    }
  }
  order_bytes(numbers, bytes);
  __builtin_memcpy(to.q, bytes, sizeof bytes);
}

JANUS_ALWAYS_INLINE void to_lanes(const BlockQ4_K* from, LanesQ4_K& to) {
  uint8_t numbers[kSuperBlock], bytes[4][64];
  for (int part = 0; part < 4; ++part) {
    for (int l = 0; l < 32; ++l) {
      numbers[64 * part + l] = from->q[32 * part + l] & 15;
      numbers[64 * part + 32 + l] = from->q[32 * part + l] >> 4;
    }
  }
  order_bytes(numbers, bytes);
  to.d = from->d;
  to.dmin = from->dmin;
  pack_fields(from->scales, to.fields);
  pack_halves(bytes, to.q);
}

JANUS_ALWAYS_INLINE void to_lanes(const BlockQ5_K* from, LanesQ5_K& to) {
  uint8_t numbers[kSuperBlock], bytes[4][64];
  for (int part = 0; part < 4; ++part) {
    for (int l = 0; l < 32; ++l) {
      const int q = from->q[32 * part + l], high = from->high[l] >> 2 * part;
      numbers[64 * part + l] = static_cast<uint8_t>((q & 15) | (high & 1) << 4);
      numbers[64 * part + 32 + l] = static_cast<uint8_t>(q >> 4 | (high & 2) << 3);
    }
  }
  order_bytes(numbers, bytes);
  to.d = from->d;
  to.dmin = from->dmin;
  pack_fields(from->scales, to.fields);
  pack_halves(bytes, to.q);
  for (int vector = 0; vector < 4; ++vector) {
    for (int i = 0; i < 8; ++i) {
      int bits = 0;
      for (int bit = 0; bit < 8; ++bit) bits |= bytes[vector][8 * i + bit] >> 4 << bit;
      to.high[vector][i] = static_cast<uint8_t>(bits);
    }
  }
}

JANUS_ALWAYS_INLINE void to_lanes(const BlockQ6_K* from, LanesQ6_K& to) {
  uint8_t numbers[kSuperBlock], bytes[4][64];
  for (int half = 0; half < 2; ++half) {
    for (int l = 0; l < 64; ++l) {
      const int low = from->low[64 * half + l], high = from->high[32 * half + l % 32] >> l / 32 * 2;
      numbers[128 * half + l] = static_cast<uint8_t>((low & 15) | (high & 3) << 4);
      numbers[128 * half + 64 + l] = static_cast<uint8_t>(low >> 4 | (high >> 4 & 3) << 4);
    }
  }
  order_bytes(numbers, bytes);
  pack_halves(bytes, to.low);
  for (int i = 0; i < 64; ++i) {
    to.high[i] = static_cast<uint8_t>(bytes[0][i] >> 4 | bytes[1][i] >> 4 << 2 | bytes[2][i] >> 4 << 4 |
                                      bytes[3][i] >> 4 << 6);
  }
  __builtin_memcpy(to.scales, from->scales, sizeof to.scales);
  to.d = from->d;
}

}  // namespace janus::cpu
