#include <mutex>
#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "core/base/error.h"
#include "vision/contact_sheet.h"
#include "vision/formats/codecs.h"
#include "vision/formats/quiet_stderr.h"

namespace janus {
namespace {

constexpr int kQuality = 95;
constexpr int kPngLevel = 6;

void silence_log() {
  static std::once_flag once;
  std::call_once(once, [] { cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT); });
}

// Calls an OpenCV function; false, or an empty matrix, is its word for failure, an exception another.
template <typename Call>
auto quietly(const std::string& what, Call call) {
  silence_log();
  const QuietStderr quiet;
  try {
    return call();
  } catch (const cv::Exception& error) {
    if (error.code == cv::Error::StsNoMem) fail("{}: expected memory for the pixels, found too little", what);
    return decltype(call()){};
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

Pixels decode_pixels(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name) {
  if (header.needs_stb) return decode_with_stb(header, bytes, name);
  const cv::Mat file(1, static_cast<int>(bytes.size()), CV_8UC1, const_cast<std::byte*>(bytes.data()));
  // Unchanged: no conversion and no turning by OpenCV's own, incomplete, rules.
  const cv::Mat decoded =
      quietly("picture " + name, [&] { return cv::imdecode(file, cv::IMREAD_UNCHANGED); });
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

std::vector<std::byte> encode_pixels(const Image& image, ImageFormat format) {
  cv::Mat blue_first(image.height, image.width, CV_8UC3);
  const size_t row_bytes = static_cast<size_t>(image.width) * 3;
  for (int y = 0; y < image.height; ++y) {
    copy_row<uint8_t>(&image.pixels[y * row_bytes], image.width, 3, 0, blue_first.ptr<uint8_t>(y));
  }
  const char* extension = format == ImageFormat::png    ? ".png"
                          : format == ImageFormat::jpeg ? ".jpg"
                                                        : ".webp";
  std::vector<int> settings{cv::IMWRITE_PNG_COMPRESSION, kPngLevel};
  if (format == ImageFormat::jpeg) settings = {cv::IMWRITE_JPEG_QUALITY, kQuality};
  if (format == ImageFormat::webp) settings = {cv::IMWRITE_WEBP_QUALITY, kQuality};

  std::vector<uint8_t> encoded;
  const std::string what = fmt::format("picture of {} x {}", image.width, image.height);
  const bool done = quietly(what, [&] { return cv::imencode(extension, blue_first, encoded, settings); });
  check(done, "{}: expected it to fit a {} file, found that it does not; write a PNG", what, extension);
  const auto* begin = reinterpret_cast<const std::byte*>(encoded.data());
  return {begin, begin + encoded.size()};
}

std::vector<ImageFormat> writable_formats() {
  return {ImageFormat::png, ImageFormat::jpeg, ImageFormat::webp};
}

bool can_enlarge() { return true; }

Image enlarge_lanczos(const Image& image, int factor) {
  const int64_t width = int64_t{image.width} * factor, height = int64_t{image.height} * factor;
  check(width * height <= kMaxPixels, "picture, enlarged: expected at most {} pixels, found {} x {}",
        kMaxPixels, width, height);
  Image result{.width = static_cast<int>(width),
               .height = static_cast<int>(height),
               .pixels = std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
  // OpenCV does not write to the source, but takes no pointer to const.
  const cv::Mat from(image.height, image.width, CV_8UC3, const_cast<uint8_t*>(image.pixels.data()));
  cv::Mat to(result.height, result.width, CV_8UC3, result.pixels.data());
  cv::resize(from, to, to.size(), 0, 0, cv::INTER_LANCZOS4);
  return result;
}

}  // namespace janus
