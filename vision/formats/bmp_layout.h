// What the headers of a BMP say about how its pixels lie in the file.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace janus {

// The bits of a pixel that hold one channel: 8 at most from `shift` on, and what their values mean.
struct BmpChannel {
  int shift = 0;
  uint32_t mask = 0;  // after the shift; 0: the channel is absent and reads as 0
  std::array<uint8_t, 256> values{};

  uint8_t of(uint32_t pixel) const { return values[pixel >> shift & mask]; }
};

struct BmpLayout {
  enum class Coding : uint8_t { indices, channels, runs_of_indices, runs_of_channels };

  int64_t width = 0;
  int64_t height = 0;
  bool from_top = false;
  int bits = 0;  // a pixel: 1, 2, 4, 8 of indices, 16, 24, 32 of channels
  Coding coding = Coding::indices;
  std::array<BmpChannel, 4> channels;  // red, green, blue, alpha
  bool has_alpha = false;

  uint64_t palette_offset = 0;
  uint32_t palette_size = 0;  // entries
  uint32_t entry_bytes = 0;   // blue, green, red, and perhaps a fourth that means nothing
  uint64_t pixels_offset = 0;

  bool has_runs() const { return coding == Coding::runs_of_indices || coding == Coding::runs_of_channels; }
  bool has_palette() const { return coding == Coding::indices || coding == Coding::runs_of_indices; }
  // Bytes of a row without its padding, and with it.
  int64_t used_row_bytes() const { return (width * bits + 7) / 8; }
  int64_t row_bytes() const { return (width * bits + 31) / 32 * 4; }
};

// Reads headers of OS/2 1 (12 bytes), OS/2 2 (16 to 64) and Windows (40, 52, 56, 108, 124). Throws Error for
// sizes out of range and for kinds that decode_bmp() does not read.
BmpLayout read_bmp_layout(std::span<const std::byte> bytes, const std::string& name);

}  // namespace janus
