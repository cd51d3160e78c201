// What kind of HEIF image (ISO/IEC 23008-12) a file's first box says it is.
#pragma once

#include "vision/formats/byte_view.h"

namespace janus {

// By the brands in the box, the main one and those it is compatible with. AVIF is the kind coded with AV1;
// HEIC stands for all others, whatever codes their pixels.
bool is_avif(const ByteView& start);
bool is_heic(const ByteView& start);

}  // namespace janus
