// Modules of image codecs: libjanus_NAME.so, opened when an image of their formats is first read or written
// (core/base/shared_module.h), each with the libraries that it needs and no others.
#pragma once

#include <span>
#include <string>

#include "vision/formats/codecs.h"

namespace janus {

// A format that a module reads; without a header reader the program's own is used.
struct ModuleDecoder {
  ReadableImageFormat format;
  HeaderReader* read_header;
  Decoder* decode;
};

struct ModuleEncoder {
  ImageFormat format;
  Encoder* encode;
};

// What a module does, in tables that it keeps.
struct ImageModule {
  std::span<const ModuleDecoder> decoders;
  std::span<const ModuleEncoder> encoders;
  // Resamples `from` into `to`, whose size is given (vision/contact_sheet.h).
  void (*enlarge_lanczos)(const Image& from, Image& to) = nullptr;
};

// The name holds what program and module must agree on: the types above. Counted up with their changes.
inline constexpr const char* kImageModuleEntry = "janus_image_module_3";
#define janus_image_module janus_image_module_3

// The module of that name, opened once; nullptr where it is missing, with the reason in `fault`.
const ImageModule* find_image_module(const std::string& name, std::string& fault);

}  // namespace janus

// The one function of each module.
extern "C" [[gnu::visibility("default")]] void janus_image_module(janus::ImageModule& module);
