#include "generator/janus/janus_memory.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/tensor/dry_device.h"
#include "core/tensor/ops.h"
#include "generator/engine/engine.h"
#include "generator/engine/scheduler.h"
#include "generator/janus/janus_engine_model.h"
#include "generator/janus/janus_networks.h"

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
          need, [this] { return describe(); }, work_.rows);
    if (work_.embedded_images > 0) add(need, [this] { return embed(), 0; });
    if (work_.generated_images > 0) add(need, [this] { return generate(); });
    if (work_.decodes) add(need, [this] { return decode(), 0; });
    if (work_.encodes) add(need, [this] { return encode(), 0; });
    if (work_.converses) need.cache_bytes += cache_bytes(conversation_tokens(networks_.config.language));
  }

 private:
  static constexpr int32_t kPlaceholder = 1;

  // `step` tells what of its memory is keys and values.
  template <typename Step>
  void add(MemoryNeed& need, const Step& step, int rows = 1) {
    device_.restart_peak();
    const int64_t cache = step();
    const int64_t all = static_cast<int64_t>(device_.peak_bytes()) - loaded_;
    need.cache_bytes = std::max(need.cache_bytes, rows * cache);
    need.scratch_bytes = std::max(need.scratch_bytes, all - cache);
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

  int64_t describe() const {
    const int64_t places = work_.prompt_images * networks_.config.image_tokens();
    const int64_t context = networks_.config.language.max_position_embeddings;
    if (places >= context) return 0;  // the work itself will say so
    const int64_t words = std::clamp<int64_t>(work_.prompt_tokens, 1, context - places);
    const auto most = static_cast<int>(std::clamp<int64_t>(work_.new_tokens, 1, INT32_MAX));
    if (places + words < context) {
      const JanusEngineModel model = engine_model();
      AnswerRequest request{.turns = {}, .images = {}, .max_tokens = most, .session = nullptr};
      request.prompt_ids.assign(places, kPlaceholder);
      request.prompt_ids.resize(places + words, 0);
      const int64_t side = networks_.config.preprocess.image_size;
      for (int image = 0; image < work_.prompt_images; ++image) {
        request.images.push_back(std::make_shared<const std::vector<float>>(3 * side * side));
      }
      Scheduler scheduler(model, {.rows = 1, .cache_tokens = INT32_MAX}, [] {});
      scheduler.add(make_answer(model, std::move(request), {}));
      scheduler.step();
    }
    return cache_bytes(std::min(context, places + words + most));
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
  MemoryNeed need;
  need.held_bytes = static_cast<int64_t>(device.live_bytes());
  need.mapped_bytes =
      std::max<int64_t>(0, read_bytes(checkpoint) - static_cast<int64_t>(device.passed_bytes()));
  DryRun(networks, device, work).run(need);
  return need;
}

}  // namespace janus
