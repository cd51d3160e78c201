#include "generator/generation.h"

#include <algorithm>

#include "core/error.h"
#include "core/ops.h"
#include "generator/prompt.h"
#include "generator/stopwatch.h"

namespace janus {
namespace {

// Images drawn side by side: beyond these the weights are read seldom enough, and each takes memory for its
// cache.
constexpr int kImagesAtOnce = 4;

// The reference leaves the pads of unconditional rows visible, so both kinds of row are read alike.
enum RowKind : int32_t { kConditional = 0, kUnconditional = 1 };

int rows_per_image(float guidance) { return guidance == 1.0F ? 1 : 2; }

std::vector<int32_t> row_ids(std::span<const int32_t> prompt_ids, int32_t pad, int kind) {
  if (kind == kUnconditional) return unconditional_prompt(prompt_ids, pad);
  return {prompt_ids.begin(), prompt_ids.end()};
}

// The guided logits of one image from its rows' logits, `kinds` lines of V.
std::vector<float> guided(std::span<const float> lines, int kinds, float guidance) {
  const size_t size = lines.size() / kinds;
  if (kinds == 1) return {lines.begin(), lines.end()};
  return guide(lines.first(size), lines.subspan(size), guidance);
}

void check_fits(const JanusNetworks& networks, size_t prompt_length) {
  const int64_t context = networks.config.language.max_position_embeddings;
  const int64_t codes = networks.config.image_tokens();
  check(static_cast<int64_t>(prompt_length) + codes <= context,
        "prompt: expected at most {} tokens, so that {} codes "
        "fit the context of {}, found {}; shorten the prompt",
        context - codes, codes, context, prompt_length);
}

// Reads a prompt into one row of the cache. -> the last hidden state, [1, 1, D].
Tensor prefill(const JanusNetworks& networks, std::span<const int32_t> ids, KvCache& cache, int32_t row) {
  const Tensor embeddings = networks.language_model.embed(ids);  // [T, D]
  const int64_t length = embeddings.size(0), width = embeddings.size(1);
  const Tensor hidden =
      networks.language_model.forward(embeddings.reshape({1, length, width}), cache, {&row, 1});
  return hidden.reshape({length, width}).rows(length - 1, 1).reshape({1, 1, width});
}

// Draws images that run side by side. The cache's first rows hold the prompt, one row a kind, and stay as
// they are.
class Group {
 public:
  Group(const JanusNetworks& networks, const GenerateOptions& options, KvCache& cache, int first, int count)
      : networks_(&networks), options_(&options), cache_(&cache), kinds_(rows_per_image(options.guidance)) {
    for (int image = 0; image < count; ++image) {
      const uint32_t seed = options.sampling.seed + static_cast<uint32_t>(first + image);
      images_.push_back({.index = first + image, .seed = seed, .codes = {}, .timings = {}});
      for (int kind = 0; kind < kinds_; ++kind) {
        rows_.push_back(kinds_ + image * kinds_ + kind);
        cache.copy_row(kind, rows_.back());
      }
    }
  }

  const std::vector<GeneratedImage>& images() const { return images_; }

  // Draws the next code of every image from `logits`: one line a row, or one a kind where all images share
  // them.
  void draw(std::span<const float> logits, bool shared) {
    const size_t size = logits.size() / (shared ? kinds_ : rows_.size());
    for (size_t image = 0; image < images_.size(); ++image) {
      const size_t line = shared ? 0 : image * kinds_;
      const std::vector<float> scores =
          guided(logits.subspan(line * size, kinds_ * size), kinds_, options_->guidance);
      SamplingOptions sampling = options_->sampling;
      sampling.seed = images_[image].seed;
      auto& codes = images_[image].codes.codes;
      codes.push_back(sample(scores, sampling, NoiseStream::codes, static_cast<uint32_t>(codes.size())));
    }
  }

  // Reads the code drawn last into every row. -> the next logits, one line a row.
  std::vector<float> step() {
    std::vector<int32_t> codes;
    for (const GeneratedImage& image : images_) codes.insert(codes.end(), kinds_, image.codes.codes.back());
    const Tensor hidden = networks_->language_model.forward(networks_->embed_codes(codes), *cache_, rows_);
    return ops::to_host(networks_->gen_head(hidden));
  }

 private:
  const JanusNetworks* networks_;
  const GenerateOptions* options_;
  KvCache* cache_;
  int kinds_;
  std::vector<GeneratedImage> images_;
  std::vector<int32_t> rows_;
};

}  // namespace

Timings draw_images(const JanusNetworks& networks, std::span<const int32_t> prompt_ids, int32_t pad,
                    const GenerateOptions& options, const ImageSink& on_image, const Progress& progress) {
  check_fits(networks, prompt_ids.size());
  const int64_t codes = networks.config.image_tokens();
  const int64_t total = codes * options.count;
  const int kinds = rows_per_image(options.guidance);
  const int at_once = std::min(options.count, kImagesAtOnce);

  Timings timings;
  Stopwatch watch;
  if (progress) progress("reading", 0, 1);
  // The last code drawn is never read.
  const int64_t capacity = static_cast<int64_t>(prompt_ids.size()) + codes - 1;
  KvCache cache(networks.device(), networks.config.language, kinds * (at_once + 1), capacity,
                networks.cache_dtype);
  std::vector<float> first_logits;  // one line a kind
  for (int kind = 0; kind < kinds; ++kind) {
    const Tensor hidden = prefill(networks, row_ids(prompt_ids, pad, kind), cache, kind);
    const std::vector<float> line = ops::to_host(networks.gen_head(hidden));
    first_logits.insert(first_logits.end(), line.begin(), line.end());
  }
  timings.prefill_ms = watch.lap_ms();

  for (int first = 0; first < options.count; first += at_once) {
    const int count = std::min(at_once, options.count - first);
    Group group(networks, options, cache, first, count);
    group.draw(first_logits, /*shared=*/true);
    for (int64_t step = 1; step < codes; ++step) {
      if (progress) progress("drawing", first * codes + step * count, total);
      group.draw(group.step(), /*shared=*/false);
    }
    timings.decode_ms += watch.lap_ms();
    if (timings.decode_ms > 0) {
      timings.tokens_per_second = static_cast<double>((first + count) * codes) * 1000 / timings.decode_ms;
    }
    const auto side = static_cast<int>(networks.config.vision.grid());
    for (GeneratedImage image : group.images()) {
      image.codes.height = image.codes.width = side;
      image.timings = timings;
      if (on_image) on_image(image);
    }
    if (progress) progress("drawing", (first + count) * codes, total);
    watch.lap_ms();  // what the caller does with an image is its own
  }
  return timings;
}

Score score_image_codes(const JanusNetworks& networks, std::span<const int32_t> prompt_ids, int32_t pad,
                        const ImageCodes& codes, float guidance) {
  check_fits(networks, prompt_ids.size());
  const auto count = static_cast<int64_t>(codes.codes.size());
  check(count == networks.config.image_tokens() && codes.height == networks.config.vision.grid(),
        "codes: expected {} x {}, found {} x {}", networks.config.vision.grid(),
        networks.config.vision.grid(), codes.height, codes.width);
  const auto length = static_cast<int64_t>(prompt_ids.size());
  const int kinds = rows_per_image(guidance);
  const Transformer& language_model = networks.language_model;
  const int64_t width = language_model.config().hidden_size;

  const std::span<const int32_t> read(codes.codes.data(), codes.codes.size() - 1);
  std::vector<std::vector<float>> logits;  // of each kind: [N, V]
  KvCache cache(networks.device(), language_model.config(), kinds, length + count - 1, networks.cache_dtype);
  for (int32_t kind = 0; kind < kinds; ++kind) {
    std::vector<Tensor> parts{language_model.embed(row_ids(prompt_ids, pad, kind))};
    if (!read.empty()) parts.push_back(networks.embed_codes(read).reshape({count - 1, width}));
    const Tensor x = ops::concatenate(parts).reshape({1, length + count - 1, width});
    const Tensor hidden = language_model.forward(x, cache, {&kind, 1}).reshape({length + count - 1, width});
    logits.push_back(ops::to_host(networks.gen_head(hidden.rows(length - 1, count))));
  }

  Score score;
  score.ids = codes.codes;
  const int64_t size = networks.config.vq.codebook_size;
  for (int64_t index = 0; index < count; ++index) {
    std::vector<float> lines;
    for (const std::vector<float>& line : logits) {
      lines.insert(lines.end(), line.begin() + index * size, line.begin() + (index + 1) * size);
    }
    score.logprobs.push_back(log_probability(guided(lines, kinds, guidance), codes.codes[index]));
    score.total += score.logprobs.back();
  }
  return score;
}

}  // namespace janus
