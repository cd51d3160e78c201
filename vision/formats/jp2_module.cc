// The module `jp2`: JPEG 2000.
#include "vision/formats/image_module.h"

namespace {

constexpr janus::ModuleDecoder kDecoders[] = {
    {janus::ReadableImageFormat::jp2, janus::read_jp2_header, janus::decode_jp2}};

}  // namespace

void janus_image_module(janus::ImageModule& module) { module = {kDecoders, {}}; }
