// Images made from a seed, which tests/reference/vision_golden.py makes alike, and the hash both compare
// by.
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "vision/image.h"

namespace janus::test {

// The high byte of a 64-bit linear congruential generator (Knuth's MMIX constants).
class ByteGenerator {
 public:
  explicit ByteGenerator(uint64_t seed) : state_(seed) {}
  uint8_t operator()() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<uint8_t>(state_ >> 56);
  }

 private:
  uint64_t state_;
};

// Kind 0 is noise, 1 is black and white (the most that a cubic can overshoot), 2 is a gradient with a little
// noise.
inline Image seeded_image(int width, int height, int kind, uint64_t seed) {
  Image image{width, height, std::vector<uint8_t>(static_cast<size_t>(width) * height * 3)};
  ByteGenerator next(seed);
  size_t i = 0;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int c = 0; c < 3; ++c, ++i) {
        const int byte = next();
        if (kind == 0) image.pixels[i] = static_cast<uint8_t>(byte);
        if (kind == 1) image.pixels[i] = byte < 128 ? 0 : 255;
        if (kind == 2) image.pixels[i] = static_cast<uint8_t>((x * 3 + y * 2 + c * 40 + byte / 16) % 256);
      }
    }
  }
  return image;
}

inline uint64_t fnv1a(std::span<const uint8_t> bytes) {
  uint64_t hash = 14695981039346656037U;
  for (const uint8_t byte : bytes) hash = (hash ^ byte) * 1099511628211U;
  return hash;
}

inline uint64_t fnv1a(const std::vector<float>& values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return fnv1a(bytes);
}

}  // namespace janus::test
