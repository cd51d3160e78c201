// Pictures the program writes.
#pragma once

#include <string>

#include "cli/io/output_file.h"
#include "generator/model.h"
#include "vision/image_file.h"

namespace janus::cli {

// The format that `path` asks for by its extension; PNG for "-". Throws UsageError, naming `option`, for an
// extension that this build cannot write.
ImageFormat picture_format(const std::string& path, const std::string& option);

// The picture in the planes that Model::decode gave.
Image picture_of(const Array& planes);

// Encodes the planes that Model::decode gave and writes them.
void write_picture(const Array& planes, ImageFormat format, const ImageText& text, const OutputFile& output,
                   Console& console);

}  // namespace janus::cli
