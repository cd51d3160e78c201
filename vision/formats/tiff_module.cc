// The module `tiff`: libtiff brings the libraries of a dozen compressions along, which other pictures need
// not wait for.
#include "vision/formats/image_module.h"

namespace {

constexpr janus::ModuleDecoder kDecoders[] = {
    {janus::ReadableImageFormat::tiff, janus::read_tiff_header, janus::decode_tiff},
};

}  // namespace

void janus_image_module(janus::ImageModule& module) { module = {kDecoders, {}}; }
