#include "generator/janus/janus_memory.h"

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "core/tensor/dry_device.h"
#include "core/tensor/ops.h"
#include "generator/conversation.h"
#include "generator/janus/generation.h"
#include "generator/janus/janus_networks.h"
#include "generator/janus/understanding.h"

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
  DryRun(const JanusNetworks& networks, DryDevice& device, const Work& work, int at_once)
      : networks_(networks),
        device_(device),
        work_(work),
        at_once_(images_at_once(device, at_once)),
        loaded_(static_cast<int64_t>(device.live_bytes())) {}

  void run(MemoryNeed& need) {
    if (work_.pictures > 0 || work_.new_tokens > 0)
      add(
          need, [this] { return describe(); }, work_.rows);
    if (work_.drawings > 0) add(need, [this] { return draw(); });
    if (work_.decodes) add(need, [this] { return decode(), 0; });
    if (work_.encodes) add(need, [this] { return encode(), 0; });
    if (work_.converses) need.cache_bytes += cache_bytes(1, Conversation::room(networks_.config.language));
  }

 private:
  // `step` tells what of its memory is keys and values.
  template <typename Step>
  void add(MemoryNeed& need, const Step& step, int rows = 1) {
    device_.restart_peak();
    const int64_t cache = step();
    const int64_t all = static_cast<int64_t>(device_.peak_bytes()) - loaded_;
    need.cache_bytes = std::max(need.cache_bytes, rows * cache);
    need.scratch_bytes = std::max(need.scratch_bytes, all - cache);
  }

  int64_t cache_bytes(int64_t rows, int64_t capacity) const {
    return static_cast<int64_t>(
        KvCache::bytes(networks_.config.language, rows * capacity, networks_.cache_dtype));
  }

  Image black_picture() const {
    const auto side = static_cast<int>(networks_.config.preprocess.image_size);
    return {.width = side, .height = side, .pixels = std::vector<uint8_t>(size_t{3} * side * side)};
  }

  int64_t describe() const {
    constexpr int32_t kPlaceholder = 1;
    const int64_t places = work_.pictures * networks_.config.image_tokens();
    const int64_t context = networks_.config.language.max_position_embeddings;
    if (places >= context) return 0;  // the work itself will say so
    const int64_t words = std::clamp<int64_t>(work_.prompt_tokens, 1, context - places);
    std::vector<int32_t> ids(places, kPlaceholder);
    ids.resize(places + words, 0);
    // Every logit reads as 0, so the first token drawn is 0, which ends the answer: its cache stands by then.
    const SpecialIds special{.placeholder = kPlaceholder, .end = 0};
    const auto most = static_cast<int>(std::clamp<int64_t>(work_.new_tokens, 1, INT32_MAX));
    const DescribeOptions options{.max_tokens = most};
    const std::vector<Image> pictures(work_.pictures, black_picture());
    if (places + words < context) answer(networks_, pictures, ids, special, options, nullptr, nullptr);
    return cache_bytes(1, std::min(context, places + words + most));
  }

  int64_t draw() const {
    class Enough {};
    const int64_t codes = networks_.config.image_tokens();
    const int64_t context = networks_.config.language.max_position_embeddings;
    const int64_t words = std::min(work_.prompt_tokens, context - codes);
    if (words < 1) return 0;
    const Drawing drawing{.prompt_ids = std::vector<int32_t>(words), .sampling = {.temperature = 0}};
    const std::vector<Drawing> drawings(std::min(work_.drawings, at_once_), drawing);
    DrawHooks hooks;
    int reports = 0;
    hooks.progress = [&](const char*, int64_t, int64_t) {
      constexpr int kOneStep = 3;  // after the prompts and a step
      if (++reports < kOneStep) return;
      decode();  // a finished picture is decoded while the cache of the others stands
      throw Enough();
    };
    // The only way to end a drawing early, which takes all its memory by the first step.
    try {
      draw_images(networks_, drawings, 0, hooks, at_once_);
    } catch (const Enough&) {
    }
    return cache_bytes(drawing_cache_rows(drawings.size(), 2), words + codes - 1);
  }

  void decode() const {
    const int64_t side = networks_.config.vision.grid();
    const std::vector<int32_t> codes(side * side);
    ops::to_host(networks_.vq_model.decode(codes, side, side));
  }

  void encode() const {
    const int64_t side = networks_.config.preprocess.image_size;
    const std::vector<float> values(3 * side * side);
    networks_.vq_model.quantize(
        networks_.vq_model.encode_latent(ops::from_host(device_, values, {1, side, side, 3})));
  }

  const JanusNetworks& networks_;
  DryDevice& device_;
  const Work& work_;
  const int at_once_;
  const int64_t loaded_;
};

}  // namespace

MemoryNeed janus_memory_need(const Checkpoint& checkpoint, std::string_view device_name,
                             const ModelOptions& options, const Work& work) {
  DryDevice device{std::string(device_name)};
  const JanusNetworks networks = JanusNetworks::load(checkpoint, device, options.type);
  MemoryNeed need;
  need.held_bytes = static_cast<int64_t>(device.live_bytes());
  need.mapped_bytes =
      std::max<int64_t>(0, read_bytes(checkpoint) - static_cast<int64_t>(device.passed_bytes()));
  DryRun(networks, device, work, options.images_at_once).run(need);
  return need;
}

}  // namespace janus
