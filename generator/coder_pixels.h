// Images as the coders of images see them, the VQ tokenizer and the autoencoder.
#pragma once

#include <vector>

#include "core/tensor/tensor.h"
#include "vision/image.h"

namespace janus {

// The settings for them: always -1..1, whatever the vision tower is fed.
PreprocessConfig coder_preprocess(PreprocessConfig config);
// Planes [3, h, w] -> channels-last [1, h, w, 3].
Tensor planes_to_tensor(Device& device, const std::vector<float>& planes, int64_t height, int64_t width);

}  // namespace janus
