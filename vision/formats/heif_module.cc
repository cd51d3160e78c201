// The module `heif`: what phones and browsers write anew, by libheif and libjxl, which bring video decoders.
#include <string_view>

#include "vision/formats/image_module.h"
#include "vision/formats/silence_libraries.h"

namespace {

using janus::ReadableImageFormat;
using namespace std::string_view_literals;

constexpr janus::ModuleDecoder kDecoders[] = {
    {ReadableImageFormat::heic, janus::read_heif_header, janus::decode_heif},
    {ReadableImageFormat::avif, janus::read_heif_header, janus::decode_heif},
    {ReadableImageFormat::jxl, janus::read_jxl_header, janus::decode_jxl},
};

constexpr std::string_view kTalkative[] = {"libjxl.so"sv, "libheif.so"sv, "libde265.so"sv, "libdav1d.so"sv,
                                           "libaom.so"sv};

}  // namespace

void janus_image_module(janus::ImageModule& module) {
  janus::silence_libraries(kTalkative);
  module = {kDecoders, {}};
}
