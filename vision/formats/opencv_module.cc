// The module `opencv`: rare formats. Opening OpenCV's codecs takes longer than reading most pictures.
#include "vision/formats/image_module.h"

namespace {

using janus::ReadableImageFormat;

constexpr janus::ModuleDecoder kDecoders[] = {
    {ReadableImageFormat::tiff, janus::read_tiff_header, janus::decode_with_opencv},
};

}  // namespace

void janus_image_module(janus::ImageModule& module) { module = {kDecoders, {}}; }
