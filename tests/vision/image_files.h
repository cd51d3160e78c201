// Image files for tests: those of tests/data, and headers made by hand.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/crc32.h"
#include "core/base/error.h"
#include "core/base/read_file.h"
#include "vision/formats/png_chunks.h"
#include "vision/image_file.h"

namespace janus::test {

inline const std::string kImageFolder = JANUS_TEST_DATA "/vision/pictures/";

inline std::vector<std::byte> to_bytes(std::string_view text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

inline std::vector<std::byte> file_bytes(const std::string& path) {
  return to_bytes(read_file(path, path, size_t{1} << 30));
}

inline std::vector<std::byte> image_bytes(const std::string& name) { return file_bytes(kImageFolder + name); }

// The message of the Error that decoding throws; empty if it throws none.
inline std::string decode_error(const std::vector<std::byte>& bytes) {
  try {
    decode_image(bytes, "test");
    return "";
  } catch (const Error& error) {
    return error.what();
  }
}

inline std::string little(uint64_t value, int bytes) {
  std::string text;
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(i < 8 ? value >> (8 * i) : 0);
  return text;
}

inline std::string big(uint64_t value, int bytes) {
  const std::string text = little(value, bytes);
  return {text.rbegin(), text.rend()};
}

inline std::string png_chunk(const std::string& type, const std::string& data) {
  return big(data.size(), 4) + type + data + big(crc32(to_bytes(type + data)), 4);
}

// Files that claim a size and hold next to nothing.
inline std::string png_of_size(uint32_t width, uint32_t height) {
  return std::string(kPngSignature) +
         png_chunk("IHDR", big(width, 4) + big(height, 4) + std::string("\x08\x02\0\0\0", 5)) +
         png_chunk("IDAT", std::string("\x78\x9C\x03\0\0\0\0\x01", 8)) + png_chunk("IEND", "");
}

inline std::string jpeg_of_size(uint16_t width, uint16_t height) {
  const std::string frame = "\x08" + big(height, 2) + big(width, 2) + std::string("\x01\x01\x11\0", 4);
  return "\xFF\xD8\xFF\xC0" + big(frame.size() + 2, 2) + frame +
         std::string("\xFF\xDA\0\x08\x01\x01\0\0\x3F\0", 10) + "\x12\x34\xFF\xD9";
}

inline std::string gif_of_size(uint16_t width, uint16_t height) {
  return "GIF89a" + little(width, 2) + little(height, 2) + std::string("\x80\0\0\0\0\0\xFF\xFF\xFF", 9) +
         "," + little(0, 4) + little(width, 2) + little(height, 2) + std::string("\0\x02\x02\x4C\x01\0;", 7);
}

inline std::string bmp_of_size(int32_t width, int32_t height) {
  return "BM" + little(70, 4) + little(0, 4) + little(54, 4) + little(40, 4) + little(width, 4) +
         little(height, 4) + little(1, 2) + little(24, 2) + little(0, 24) + std::string(16, '\0');
}

// The extended form, which stores sizes less one.
inline std::string webp_of_size(uint32_t width, uint32_t height) {
  const std::string chunk =
      "VP8X" + little(10, 4) + little(0, 4) + little(width - 1, 3) + little(height - 1, 3);
  return "RIFF" + little(4 + chunk.size(), 4) + "WEBP" + chunk;
}

inline std::string tiff_of_size(uint32_t width, uint32_t height) {
  const std::vector<std::pair<int, uint32_t>> tags{
      {256, width}, {257, height}, {258, 8}, {259, 1}, {262, 1}, {273, 8}, {277, 1}, {278, height}, {279, 4}};
  std::string entries;
  for (const auto& [tag, value] : tags)
    entries += little(tag, 2) + little(4, 2) + little(1, 4) + little(value, 4);
  return "II*" + std::string(1, '\0') + little(8, 4) + little(tags.size(), 2) + entries + little(0, 4);
}

}  // namespace janus::test
