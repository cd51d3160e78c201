#include <jxl/decode.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/base/error.h"
#include "vision/formats/codecs.h"

namespace janus {
namespace {

// A file in memory under libjxl's decoder. libjxl turns the image upright itself and tells the size after it;
// an orientation in the EXIF block says the same again and does not count.
class JxlFile {
 public:
  JxlFile(std::span<const std::byte> bytes, int events, const std::string& name)
      : name_(name), bytes_(bytes.size()), decoder_(JxlDecoderCreate(nullptr), JxlDecoderDestroy) {
    check(decoder_ != nullptr && JxlDecoderSubscribeEvents(decoder_.get(), events) == JXL_DEC_SUCCESS,
          "picture {}: expected memory to decode it, found too little; close other programs, or make the "
          "picture smaller",
          name);
    JxlDecoderSetInput(decoder_.get(), reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
    // The input is not closed: what is cut short then reads as a wish for more, apart from what is damaged.
  }

  // Reads on to the next event. Throws Error where there is none to come.
  JxlDecoderStatus next() {
    const JxlDecoderStatus status = JxlDecoderProcessInput(decoder_.get());
    if (status == JXL_DEC_NEED_MORE_INPUT) fail_cut_short(ReadableImageFormat::jxl, bytes_, name_);
    if (status == JXL_DEC_ERROR || status == JXL_DEC_SUCCESS) fail_damaged();
    return status;
  }
  void read_until(JxlDecoderStatus event) {
    while (next() != event) {
    }
  }

  JxlBasicInfo basic_info() const {
    JxlBasicInfo info;
    check_status(JxlDecoderGetBasicInfo(decoder_.get(), &info));
    return info;
  }
  void check_status(JxlDecoderStatus status) const {
    if (status != JXL_DEC_SUCCESS) fail_damaged();
  }
  [[noreturn]] void fail_damaged() const {
    fail("picture {}: expected a JPEG XL that decodes, found it damaged; copy or download it again", name_);
  }

  JxlDecoder* decoder() const { return decoder_.get(); }

 private:
  const std::string& name_;
  size_t bytes_;
  std::unique_ptr<JxlDecoder, void (*)(JxlDecoder*)> decoder_;
};

// Ink on paper needs its profile to become RGB.
bool has_black_ink(const JxlDecoder* decoder, const JxlBasicInfo& info) {
  for (uint32_t i = 0; i < info.num_extra_channels; ++i) {
    JxlExtraChannelInfo extra;
    if (JxlDecoderGetExtraChannelInfo(decoder, i, &extra) == JXL_DEC_SUCCESS &&
        extra.type == JXL_CHANNEL_BLACK) {
      return true;
    }
  }
  return false;
}

// Asks for sRGB, which libjxl gives where the file holds its own colour space (XYB). Other files give the
// values that were stored, of whatever profile, like the other formats here; returns whether those are linear
// light.
bool ask_for_srgb(JxlDecoder* decoder, const JxlBasicInfo& info) {
  JxlColorEncoding wanted{};
  wanted.color_space = info.num_color_channels == 1 ? JXL_COLOR_SPACE_GRAY : JXL_COLOR_SPACE_RGB;
  wanted.white_point = JXL_WHITE_POINT_D65;
  wanted.primaries = JXL_PRIMARIES_SRGB;
  wanted.transfer_function = JXL_TRANSFER_FUNCTION_SRGB;
  wanted.rendering_intent = JXL_RENDERING_INTENT_RELATIVE;
  JxlDecoderSetPreferredColorProfile(decoder, &wanted);
  JxlColorEncoding given{};
  return JxlDecoderGetColorAsEncodedProfile(decoder, nullptr, JXL_COLOR_PROFILE_TARGET_DATA, &given) ==
             JXL_DEC_SUCCESS &&
         given.transfer_function == JXL_TRANSFER_FUNCTION_LINEAR;
}

uint8_t to_8_bits(float value) {
  return static_cast<uint8_t>(std::lround(std::clamp(value, 0.0F, 1.0F) * 255));  // NaN becomes 0
}

float srgb_of_linear(float value) {
  return value <= 0.0031308F ? value * 12.92F : 1.055F * std::pow(value, 1 / 2.4F) - 0.055F;
}

// One run of a row, from libjxl's callback, which knows no other place to put it.
struct LinearTarget {
  Pixels& pixels;
  int color_channels;
};

void store_linear_run(void* context, size_t x, size_t y, size_t count, const void* values) {
  const auto& target = *static_cast<LinearTarget*>(context);
  const int channels = target.pixels.channels;
  const auto* from = static_cast<const float*>(values);
  uint8_t* to = &target.pixels.values[(y * target.pixels.width + x) * channels];
  for (size_t i = 0; i < count * channels; ++i) {
    const bool color = static_cast<int>(i % channels) < target.color_channels;
    to[i] = to_8_bits(color ? srgb_of_linear(from[i]) : from[i]);
  }
}

}  // namespace

ImageHeader read_jxl_header(std::span<const std::byte> bytes, const std::string& name) {
  JxlFile file(bytes, JXL_DEC_BASIC_INFO, name);
  file.read_until(JXL_DEC_BASIC_INFO);
  const JxlBasicInfo info = file.basic_info();
  check(!has_black_ink(file.decoder(), info),
        "picture {}: expected a grey or RGB JPEG XL, found one of CMYK; convert it to RGB", name);
  ImageHeader header;
  header.format = ReadableImageFormat::jxl;
  header.width = info.xsize;
  header.height = info.ysize;
  return header;
}

Pixels decode_jxl(const ImageHeader& header, std::span<const std::byte> bytes, const std::string& name) {
  JxlFile file(bytes, JXL_DEC_BASIC_INFO | JXL_DEC_COLOR_ENCODING | JXL_DEC_FULL_IMAGE, name);
  file.check_status(JxlDecoderSetUnpremultiplyAlpha(file.decoder(), JXL_TRUE));
  file.read_until(JXL_DEC_BASIC_INFO);
  const JxlBasicInfo info = file.basic_info();
  file.read_until(JXL_DEC_COLOR_ENCODING);
  const bool linear = ask_for_srgb(file.decoder(), info);
  file.read_until(JXL_DEC_NEED_IMAGE_OUT_BUFFER);

  const int color_channels = info.num_color_channels == 1 ? 1 : 3;
  Pixels pixels{static_cast<int>(header.width),
                static_cast<int>(header.height),
                color_channels + (info.alpha_bits > 0 ? 1 : 0),
                {}};
  pixels.values.resize(static_cast<size_t>(pixels.width) * pixels.height * pixels.channels);
  const JxlPixelFormat format{static_cast<uint32_t>(pixels.channels),
                              linear ? JXL_TYPE_FLOAT : JXL_TYPE_UINT8, JXL_NATIVE_ENDIAN, 0};
  LinearTarget target{pixels, color_channels};
  file.check_status(linear ? JxlDecoderSetImageOutCallback(file.decoder(), &format, store_linear_run, &target)
                           : JxlDecoderSetImageOutBuffer(file.decoder(), &format, pixels.values.data(),
                                                         pixels.values.size()));
  file.read_until(JXL_DEC_FULL_IMAGE);  // of an animation, the first frame
  return pixels;
}

}  // namespace janus
