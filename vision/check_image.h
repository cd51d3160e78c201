// Whether an image is one: what takes images from callers asks first.
#pragma once

#include "vision/image.h"

namespace janus {

// Throws Error naming `what` unless an image has 1 to kMaxPixels pixels, and the bytes of all of them.
void check_image(const Image& image, const char* what = "picture");

}  // namespace janus
