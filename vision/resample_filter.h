// The kernels of Pillow's filters (libImaging/Resample.c).
#pragma once

#include "vision/image.h"

namespace janus {

struct ResampleFilter {
  double support;              // in output pixels when enlarging
  double (*weight)(double x);  // at a distance in such pixels
};

// Throws Error for nearest, which weighs nothing.
ResampleFilter filter_of(Resample resample);

}  // namespace janus
