#include <mutex>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>

#include "core/base/error.h"
#include "vision/formats/codecs.h"

namespace janus {
namespace {

int keep_silent(int, const char*, const char*, const char*, int, void*) { return 0; }

// Nothing that OpenCV says reaches the terminal.
void silence() {
  static std::once_flag once;
  std::call_once(once, [] {
    cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
    cv::redirectError(keep_silent);
  });
}

// An empty matrix is OpenCV's word for failure, an exception another.
cv::Mat decode(const cv::Mat& file, const std::string& name) {
  silence();
  try {
    // Unchanged: no conversion and no turning by OpenCV's own, incomplete, rules.
    return cv::imdecode(file, cv::IMREAD_UNCHANGED);
  } catch (const cv::Exception& error) {
    check(error.code != cv::Error::StsNoMem, "picture {}: expected memory for the pixels, found too little",
          name);
    return {};
  }
}

uint8_t high_byte(uint8_t value) { return value; }
uint8_t high_byte(uint16_t value) { return static_cast<uint8_t>(value >> 8); }

template <typename Value>
void copy_row(const Value* from, int width, int channels, Value flip, uint8_t* to) {
  for (int x = 0; x < width; ++x, from += channels, to += channels) {
    if (channels < 3) {
      to[0] = high_byte(static_cast<Value>(from[0] ^ flip));
      continue;
    }
    for (int c = 0; c < 3; ++c) to[c] = high_byte(from[2 - c]);
    if (channels == 4) to[3] = high_byte(from[3]);
  }
}

}  // namespace

Pixels decode_with_opencv(const ImageHeader& header, std::span<const std::byte> bytes,
                          const std::string& name) {
  const cv::Mat file(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<std::byte*>(bytes.data()));
  const cv::Mat decoded = decode(file, name);
  const int channels = decoded.channels();
  const bool known = (decoded.depth() == CV_8U || decoded.depth() == CV_16U) &&
                     (channels == 1 || channels == 3 || channels == 4);
  check(!decoded.empty() && known,
        "picture {}: expected a {} that decodes, found it damaged or of a rare kind", name,
        name_of(header.format));

  Pixels pixels{decoded.cols, decoded.rows, channels, {}};
  const size_t row_bytes = static_cast<size_t>(decoded.cols) * channels;
  pixels.values.resize(row_bytes * decoded.rows);
  const uint16_t flip = header.inverted_16_bit ? 0xFFFF : 0;
  for (int y = 0; y < decoded.rows; ++y) {
    uint8_t* to = &pixels.values[y * row_bytes];
    if (decoded.depth() == CV_8U) {
      copy_row<uint8_t>(decoded.ptr<uint8_t>(y), decoded.cols, channels, 0, to);
    } else {
      copy_row<uint16_t>(decoded.ptr<uint16_t>(y), decoded.cols, channels, flip, to);
    }
  }
  return pixels;
}

}  // namespace janus
