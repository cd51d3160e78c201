#include "generator/dry_work.h"

#include <set>
#include <string>
#include <vector>

#include "generator/engine/engine.h"
#include "generator/engine/scheduler.h"

namespace janus {
namespace {

// Stored bytes of the tensors that loading has read.
int64_t read_bytes(const Checkpoint& checkpoint) {
  const std::vector<std::string> unread = checkpoint.unread();
  const std::set<std::string> spare(unread.begin(), unread.end());
  int64_t bytes = 0;
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    if (!spare.contains(name)) bytes += static_cast<int64_t>(tensor.data.bytes.size());
  }
  return bytes;
}

}  // namespace

MemoryNeed weights_need(std::span<const Checkpoint> checkpoints, const DryDevice& device) {
  MemoryNeed need;
  need.held_bytes = static_cast<int64_t>(device.live_bytes());
  int64_t bytes = 0;
  for (const Checkpoint& checkpoint : checkpoints) bytes += read_bytes(checkpoint);
  need.mapped_bytes = std::max<int64_t>(0, bytes - static_cast<int64_t>(device.passed_bytes()));
  return need;
}

int64_t dry_answer(const EngineModel& model, const Work& work, int64_t image_side) {
  const TransformerConfig& config = model.language_model().config();
  const int64_t places = work.prompt_images * model.image_tokens();
  const int64_t context = config.max_position_embeddings;
  if (places >= context) return 0;  // the work itself will say so
  const int64_t words = std::clamp<int64_t>(work.prompt_tokens, 1, context - places);
  const auto most = static_cast<int>(std::clamp<int64_t>(work.new_tokens, 1, INT32_MAX));
  if (places + words < context) {
    AnswerRequest request{.turns = {}, .images = {}, .max_tokens = most, .session = nullptr};
    request.prompt_ids.assign(places, model.placeholder_id());
    request.prompt_ids.resize(places + words, 0);
    for (int image = 0; image < work.prompt_images; ++image) {
      request.images.push_back(std::make_shared<const std::vector<float>>(3 * image_side * image_side));
    }
    Scheduler scheduler(model, {.rows = 1, .cache_tokens = INT32_MAX}, [] {});
    scheduler.add(make_answer(model, std::move(request), {}));
    scheduler.step();
  }
  const int64_t tokens = std::min(context, places + words + most);
  return static_cast<int64_t>(KvCache::bytes(config, tokens, model.cache_dtype()));
}

}  // namespace janus
