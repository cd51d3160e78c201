#include "generator/janus/janus_memory.h"

#include <algorithm>
#include <string>
#include <vector>

#include "core/tensor/dry_device.h"
#include "core/tensor/ops.h"
#include "generator/dry_work.h"
#include "generator/engine/engine.h"
#include "generator/engine/scheduler.h"
#include "generator/janus/janus_engine_model.h"
#include "generator/janus/janus_networks.h"

namespace janus {
namespace {

class DryRun {
 public:
  DryRun(const JanusNetworks& networks, DryDevice& device, const Work& work)
      : networks_(networks),
        device_(device),
        work_(work),
        loaded_(static_cast<int64_t>(device.live_bytes())) {}

  void run(MemoryNeed& need) {
    if (work_.prompt_images > 0 || work_.new_tokens > 0)
      add(
          need, [this] { return dry_answer(engine_model(), work_, networks_.config.preprocess.image_size); },
          work_.rows);
    if (work_.embedded_images > 0) add(need, [this] { return embed(), 0; });
    if (work_.generated_images > 0) add(need, [this] { return generate(); });
    if (work_.decodes) add(need, [this] { return decode(), 0; });
    if (work_.encodes) add(need, [this] { return encode(), 0; });
    if (work_.converses) need.cache_bytes += cache_bytes(conversation_tokens(networks_.config.language));
  }

 private:
  static constexpr int32_t kPlaceholder = 1;

  template <typename Step>
  void add(MemoryNeed& need, const Step& step, int rows = 1) {
    add_step(need, device_, loaded_, rows, step);
  }

  int64_t cache_bytes(int64_t tokens) const {
    return static_cast<int64_t>(KvCache::bytes(networks_.config.language, tokens, networks_.cache_dtype));
  }

  // Every logit reads as 0, so that the first token sampled is 0, which ends an answer: its cache stands by
  // then.
  JanusEngineModel engine_model() const {
    const SpecialIds special{.placeholder = kPlaceholder, .pad = 0, .end = 0};
    return {networks_, {.special = special, .ends = {special.end}}};
  }

  int64_t generate() const {
    const int64_t codes = networks_.config.image_tokens();
    const int64_t context = networks_.config.language.max_position_embeddings;
    const int64_t words = std::min(work_.prompt_tokens, context - codes);
    if (words < 1) return 0;
    const JanusEngineModel model = engine_model();
    const int gained = default_rows(device_) / 2;
    const int at_once = work_.images_at_once > 0 ? std::min(work_.images_at_once, gained) : gained;
    const int images = std::min(work_.generated_images, at_once);
    Scheduler scheduler(model, {.rows = 2 * images, .cache_tokens = INT32_MAX}, [] {});
    for (int image = 0; image < images; ++image) {
      ImageRequest request{
          .prompt = {}, .prompt_ids = std::vector<int32_t>(words), .sampling = {.temperature = 0}};
      scheduler.add(make_image(model, std::move(request), {}));
    }
    for (int step = 0; step < kSteps; ++step) scheduler.step();
    decode();  // a finished image is decoded while the cache of the others stands
    return cache_bytes(2 * images * (words + codes - 1));
  }

  void decode() const {
    const int64_t side = networks_.config.vision.grid();
    const std::vector<int32_t> codes(side * side);
    ops::to_host(networks_.vq_model.decode(codes, side, side));
  }

  void embed() const {
    const int64_t side = networks_.config.preprocess.image_size;
    const std::vector<float> pixels(work_.embedded_images * 3 * side * side);
    ops::to_host(engine_model().encode_images(pixels, {}));
  }

  void encode() const {
    const int64_t side = networks_.config.preprocess.image_size;
    const std::vector<float> values(3 * side * side);
    networks_.vq_model.quantize(
        networks_.vq_model.encode_latent(ops::from_host(device_, values, {1, side, side, 3})));
  }

  static constexpr int kSteps = 2;  // all memory of a request is taken by then

  const JanusNetworks& networks_;
  DryDevice& device_;
  const Work& work_;
  const int64_t loaded_;
};

}  // namespace

MemoryNeed janus_memory_need(const Checkpoint& checkpoint, std::string_view device_name,
                             const ModelOptions& options, const Work& work) {
  const std::unique_ptr<DryDevice> dry = open_dry_device(device_name);
  DryDevice& device = *dry;
  const JanusNetworks networks = JanusNetworks::load(checkpoint, device, options.type);
  MemoryNeed need = weights_need({&checkpoint, 1}, device);
  DryRun(networks, device, work).run(need);
  return need;
}

}  // namespace janus
