// What the parts of a model give of images, as arrays; the same for every family.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "core/tensor/tensor.h"
#include "generator/engine/engine_model.h"
#include "generator/model.h"

namespace janus {

// The pixels that preprocessing has made of images, each [3, size, size].
std::vector<Array> pixel_arrays(std::span<const std::vector<float>> prepared, int64_t size);
// values: [B, .., D] of B images -> B arrays [N, D].
std::vector<Array> arrays_of_images(const Tensor& values, int64_t images);
// What a part of the vision tower gives of prepared images, all in one pass. Throws NotFinite that names the
// part of the model where that is no numbers.
std::vector<Array> vision_arrays(std::span<const std::vector<float>> prepared,
                                 const std::function<Tensor(std::span<const float> pixels)>& part,
                                 const EngineModel& model);

}  // namespace janus
