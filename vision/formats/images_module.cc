// The module `images`: the formats that nearly every picture has, by small libraries that open in a fraction
// of a millisecond.
#include "vision/formats/image_module.h"

namespace {

using janus::ImageFormat;
using janus::ReadableImageFormat;

constexpr janus::ModuleDecoder kDecoders[] = {
    {ReadableImageFormat::jpeg, nullptr, janus::decode_jpeg},
    {ReadableImageFormat::png, nullptr, janus::decode_png},
    {ReadableImageFormat::gif, nullptr, janus::decode_gif},
    {ReadableImageFormat::webp, janus::read_webp_header, janus::decode_webp},
};

constexpr janus::ModuleEncoder kEncoders[] = {
    {ImageFormat::png, janus::encode_png},
    {ImageFormat::jpeg, janus::encode_jpeg},
    {ImageFormat::webp, janus::encode_webp},
};

}  // namespace

void janus_image_module(janus::ImageModule& module) { module = {kDecoders, kEncoders}; }
