#include "generator/janusflow/flow_memory.h"

#include <algorithm>
#include <vector>

#include "core/base/error.h"
#include "core/tensor/ops.h"
#include "generator/coder_pixels.h"
#include "generator/dry_work.h"
#include "generator/engine/engine.h"
#include "generator/engine/scheduler.h"
#include "generator/janusflow/flow_engine_model.h"
#include "generator/janusflow/flow_vae.h"

namespace janus {
namespace {

// Work that only may come to draw is not refused for want of an autoencoder: who asks for an image is.
bool loads(const FlowVae& vae) {
  try {
    vae.need();
    return true;
  } catch (const Error&) {
    return false;
  }
}

// Draws as `work` says, to the end: an image is decoded while the keys and values of the others stand. Every
// value reads as 0. -> bytes of keys and values.
int64_t dry_drawing(const FlowEngineModel& model, const Work& work) {
  const TransformerConfig& config = model.language_model().config();
  const int64_t tokens = model.latent_flow()->tokens();
  const int64_t words = std::min(work.prompt_tokens, config.max_position_embeddings - tokens);
  if (words < 1) return 0;
  // More side by side gain nothing.
  const int images = std::min(work.generated_images, std::max(1, work.images_at_once));
  Scheduler scheduler(model, {.rows = 2 * images, .cache_tokens = INT32_MAX}, [] {});
  for (int image = 0; image < images; ++image) {
    scheduler.add(make_image(
        model, {.prompt = {}, .prompt_ids = std::vector<int32_t>(static_cast<size_t>(words)), .steps = 1},
        {}));
  }
  while (!scheduler.idle()) scheduler.step();
  return static_cast<int64_t>(KvCache::bytes(config, images * (words + 1 + 2 * tokens), model.cache_dtype()));
}

}  // namespace

MemoryNeed flow_memory_need(const Checkpoint& checkpoint, std::string_view device_name,
                            const ModelOptions& options, const Work& work) {
  const std::unique_ptr<DryDevice> dry = open_dry_device(device_name);
  const FlowNetworks networks = FlowNetworks::load(checkpoint, *dry, options.type);
  const FlowVae vae(checkpoint, networks.config, *dry, options);
  const bool draws = work.generated_images > 0;
  const bool has_vae = (draws || work.decodes || work.encodes) && loads(vae);
  std::vector<Checkpoint> checkpoints{checkpoint};
  if (has_vae) checkpoints.push_back(vae.source().checkpoint);
  MemoryNeed need = weights_need(checkpoints, *dry);
  const auto loaded = static_cast<int64_t>(dry->live_bytes());
  // Every logit reads as 0, so that the first token sampled is 0, which ends an answer.
  const FlowEngineModel model(networks, vae,
                              {.special = {.placeholder = 1, .pad = 0, .end = 0}, .ends = {0}});
  if (work.prompt_images > 0 || work.new_tokens > 0) {
    add_step(need, *dry, loaded, work.rows,
             [&] { return dry_answer(model, work, networks.config.preprocess.image_size); });
  }
  if (has_vae && draws) {
    add_step(need, *dry, loaded, /*rows=*/1, [&] { return dry_drawing(model, work); });
  }
  if (work.embedded_images > 0) {
    add_step(need, *dry, loaded, /*rows=*/1, [&] {
      const int64_t side = networks.config.preprocess.image_size;
      const std::vector<float> pixels(work.embedded_images * 3 * side * side);
      ops::to_host(model.encode_images(pixels, {}));
      return 0;
    });
  }
  if (has_vae && work.decodes) {
    add_step(need, *dry, loaded, /*rows=*/1, [&] {
      const UvitConfig& uvit = networks.config.uvit;
      const int64_t side = networks.config.latent_side();
      vae.decode(std::vector<float>(side * side * uvit.latent_channels));
      return 0;
    });
  }
  if (has_vae && work.encodes) {
    add_step(need, *dry, loaded, /*rows=*/1, [&] {
      const int64_t side = networks.config.preprocess.image_size;
      vae.encode(planes_to_tensor(*dry, std::vector<float>(3 * side * side), side, side));
      return 0;
    });
  }
  if (work.converses) {
    const TransformerConfig& config = networks.config.language;
    need.cache_bytes +=
        static_cast<int64_t>(KvCache::bytes(config, conversation_tokens(config), networks.cache_dtype));
  }
  return need;
}

}  // namespace janus
