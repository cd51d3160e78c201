// Checkpoints of small random numbers in the shapes that are asked for.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "core/checkpoint/checkpoint.h"
#include "tests/support/released_shapes.h"

namespace janus::test {

// All tensors of f32 share one piece of memory, which is as large as the largest.
inline Checkpoint random_tensors(const NamedShapes& shapes, nlohmann::json config) {
  int64_t most = 0;
  for (const auto& [name, sizes] : shapes) most = std::max(most, Shape(sizes).elements());
  const auto values = std::make_shared<std::vector<float>>(static_cast<size_t>(most));
  uint32_t random = 1;
  for (float& value : *values) {
    random = random * 1664525U + 1013904223U;
    value = static_cast<float>(static_cast<int32_t>(random)) * 0x1p-31F * 0.02F;
  }
  std::map<std::string, StoredTensor> tensors;
  for (const auto& [name, sizes] : shapes) {
    StoredTensor tensor;
    tensor.describe("F32", sizes, Shape(sizes).elements());
    tensor.data = {std::as_bytes(std::span(*values).first(static_cast<size_t>(tensor.shape.elements()))),
                   values};
    tensors.emplace(name, std::move(tensor));
  }
  return Checkpoint::from_tensors(FileSet::in_memory("random", {}), std::move(config), std::move(tensors));
}

// config.json of stabilityai/sdxl-vae.
inline nlohmann::json sdxl_vae_config(double scaling_factor = 0.13025) {
  return {{"_class_name", "AutoencoderKL"},
          {"act_fn", "silu"},
          {"block_out_channels", {128, 256, 512, 512}},
          {"force_upcast", true},
          {"in_channels", 3},
          {"latent_channels", 4},
          {"layers_per_block", 2},
          {"norm_num_groups", 32},
          {"out_channels", 3},
          {"sample_size", 1024},
          {"scaling_factor", scaling_factor}};
}

}  // namespace janus::test
