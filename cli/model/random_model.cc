#include "cli/model/random_model.h"

#include "core/base/machine_memory.h"
#include "generator/memory_check.h"
#include "generator/random_checkpoint.h"

namespace janus::cli {

Checkpoint random_model(const std::string& config) {
  check_room(random_checkpoint_bytes(config), "random weights of " + config,
             "choose a smaller --config, or close other programs", machine_memory());
  return random_checkpoint(config);
}

}  // namespace janus::cli
