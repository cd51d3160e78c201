// The module `heif`: what phones and browsers write anew, by libheif and libjxl, which bring video decoders.
#include "vision/formats/image_module.h"
#include "vision/formats/tame_libraries.h"

namespace {

using janus::ReadableImageFormat;

constexpr janus::ModuleDecoder kDecoders[] = {
    {ReadableImageFormat::heic, janus::read_heif_header, janus::decode_heif},
    {ReadableImageFormat::avif, janus::read_heif_header, janus::decode_heif},
    {ReadableImageFormat::jxl, janus::read_jxl_header, janus::decode_jxl},
};

}  // namespace

void janus_image_module(janus::ImageModule& module) {
  janus::tame_libraries();
  module = {kDecoders, {}};
}
