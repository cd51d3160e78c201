// The memory that a model takes, known before it is loaded.
#pragma once

#include <cstdint>
#include <string_view>

#include "generator/model.h"

namespace janus {

// The work that a model is to do, as far as its memory depends on it.
struct Work {
  int64_t prompt_tokens = 64;  // longer than most
  int prompt_images = 0;       // looked at together
  int embedded_images = 0;     // the same, without a prompt
  int64_t new_tokens = 0;      // longest answer
  int rows = 1;                // answers written side by side
  int generated_images = 0;    // images made
  int images_at_once = 0;      // generated side by side at most; 0: as many as the device gains from
  bool converses = false;      // the keys and values of a whole conversation stay, beside all else
  bool decodes = false;        // codes into an image; generated_images imply it
  bool encodes = false;        // an image into codes
};

struct MemoryNeed {
  // Weights as they lie in mapped files: pages that the system may drop and read again.
  int64_t mapped_bytes = 0;
  // Weights that were converted or copied.
  int64_t held_bytes = 0;
  int64_t cache_bytes = 0;    // keys and values
  int64_t scratch_bytes = 0;  // activations, at their peak

  int64_t weights_bytes() const { return mapped_bytes + held_bytes; }
  // The bytes that the system cannot take back.
  int64_t own_bytes() const { return held_bytes + cache_bytes + scratch_bytes; }
};

// Goes through loading and work without computing (core/tensor/dry_device.h), so it tells what those really
// allocate. Reads no weights. Throws Error as open_model would.
MemoryNeed memory_need(const Checkpoint& checkpoint, std::string_view device_name,
                       const ModelOptions& options, const Work& work);

}  // namespace janus
