// What families share in telling the memory that work takes.
#pragma once

#include <algorithm>
#include <span>

#include "core/tensor/dry_device.h"
#include "generator/engine/engine_model.h"
#include "generator/memory_need.h"

namespace janus {

// What loading took: the dry device holds the networks of these checkpoints, and nothing else.
MemoryNeed weights_need(std::span<const Checkpoint> checkpoints, const DryDevice& device);

// Adds what `step` takes at its peak beside the `loaded` bytes of the networks. It returns how much of that
// is keys and values, of which `rows` stand side by side.
template <typename Step>
void add_step(MemoryNeed& need, DryDevice& device, int64_t loaded, int rows, const Step& step) {
  device.restart_peak();
  const int64_t cache = step();
  const int64_t all = static_cast<int64_t>(device.peak_bytes()) - loaded;
  need.cache_bytes = std::max(need.cache_bytes, rows * cache);
  need.scratch_bytes = std::max(need.scratch_bytes, all - cache);
}

// Answers as `work` says with images of `image_side` pixels. Every logit reads as 0 on a dry device, so
// `model` must have the id 0 among its end_ids. -> bytes of keys and values.
int64_t dry_answer(const EngineModel& model, const Work& work, int64_t image_side);

}  // namespace janus
