// Stands in for onednn/conv.cc where the build has no oneDNN.
#include "core/cpu/conv.h"

namespace janus::cpu {

bool library_conv2d(const ThreadPool&, const ConvShape&, const Tensor&, const Tensor&, const float*,
                    Tensor&) {
  return false;
}

}  // namespace janus::cpu
