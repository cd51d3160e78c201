#include "generator/janus/generation.h"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <optional>

#include "core/base/error.h"
#include "core/tensor/ops.h"
#include "generator/prompt.h"
#include "generator/stopwatch.h"

namespace janus {
namespace {

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

// A pass over fewer tokens than this adds up in another order, and would not give what one over the whole
// prompt gives.
constexpr size_t kFewestTokens = 2;

// Appends the tokens of a prompt to one row of the cache. -> the last hidden state, [1, 1, D].
Tensor prefill(const JanusNetworks& networks, std::span<const int32_t> ids, KvCache& cache, int32_t row) {
  const Tensor embeddings = networks.language_model.embed(ids);  // [T, D]
  const int64_t length = embeddings.size(0), width = embeddings.size(1);
  const Tensor hidden =
      networks.language_model.forward(embeddings.reshape({1, length, width}), cache, {&row, 1});
  return hidden.reshape({length, width}).rows(length - 1, 1).reshape({1, 1, width});
}

// Tokens of `held` that a pass over `ids` need not read again.
size_t shared_tokens(std::span<const int32_t> held, std::span<const int32_t> ids) {
  const auto stop = std::mismatch(held.begin(), held.end(), ids.begin(), ids.end());
  const size_t same = static_cast<size_t>(stop.first - held.begin());
  const size_t most = ids.size() < 2 * kFewestTokens ? 0 : ids.size() - kFewestTokens;
  const size_t shared = std::min(same, most);
  return shared < kFewestTokens ? 0 : shared;
}

// The prompt read last, in the cache's first rows, one a kind: an image's rows begin as copies of them. What
// the next prompt begins with alike stays: of the unconditional one, all but its end.
class PromptRows {
 public:
  PromptRows(const JanusNetworks& networks, int32_t pad, KvCache& cache)
      : networks_(&networks), pad_(pad), cache_(&cache) {}

  // Makes row `to` hold the prompt of a kind. -> the logits behind it, [V].
  const std::vector<float>& put(std::span<const int32_t> prompt_ids, int32_t kind, int32_t to) {
    std::vector<int32_t> ids = row_ids(prompt_ids, pad_, kind);
    if (ids != held_[kind]) {
      const size_t shared = shared_tokens(held_[kind], ids);
      cache_->truncate(kind, static_cast<int64_t>(shared));
      const std::span<const int32_t> rest = std::span<const int32_t>(ids).subspan(shared);
      logits_[kind] = ops::to_host(networks_->gen_head(prefill(*networks_, rest, *cache_, kind)));
      held_[kind] = std::move(ids);
    }
    cache_->copy_row(kind, to);
    return logits_[kind];
  }

 private:
  const JanusNetworks* networks_;
  int32_t pad_;
  KvCache* cache_;
  std::array<std::vector<int32_t>, 2> held_;
  std::array<std::vector<float>, 2> logits_;
};

// Images that are drawn side by side, from the first code to the last. Their rows stand in the cache behind
// those of PromptRows.
class Group {
 public:
  // Reads the prompts. `first` is the index of the first image among all.
  Group(const JanusNetworks& networks, std::span<const Drawing> drawings, size_t first, KvCache& cache,
        PromptRows& prompts, int kinds)
      : networks_(&networks), drawings_(drawings), cache_(&cache) {
    const auto side = static_cast<int>(networks.config.vision.grid());
    for (size_t place = 0; place < drawings.size(); ++place) {
      images_.push_back({.index = static_cast<int>(first + place),
                         .seed = drawings[place].sampling.seed,
                         .codes = {.height = side, .width = side, .codes = {}},
                         .timings = {}});
      for (int32_t kind = 0; kind < rows_per_image(drawings[place].guidance); ++kind) {
        rows_.push_back(kinds + static_cast<int32_t>(place) * kinds + kind);
        const std::vector<float>& line = prompts.put(drawings[place].prompt_ids, kind, rows_.back());
        first_logits_.insert(first_logits_.end(), line.begin(), line.end());
      }
    }
  }

  std::span<GeneratedImage> images() { return images_; }

  void draw_first() {
    draw(first_logits_);
    first_logits_ = {};
    if (networks_->device().decodes()) begin_decoding();
  }

  // Reads the code drawn last into every row, and draws the next of every image.
  void draw_next() {
    if (decoding_) {
      const std::span<const int32_t> drawn = decoding_->next();
      for (size_t place = 0; place < images_.size(); ++place)
        images_[place].codes.codes.push_back(drawn[place]);
      return;
    }
    std::vector<int32_t> codes;
    for (size_t place = 0; place < images_.size(); ++place) {
      codes.insert(codes.end(), rows_per_image(drawings_[place].guidance), images_[place].codes.codes.back());
    }
    const Tensor hidden = networks_->language_model.forward(networks_->embed_codes(codes), *cache_, rows_);
    draw(ops::to_host(networks_->gen_head(hidden)));
  }

 private:
  // Leaves the codes that follow to the device, if it can draw them by itself.
  void begin_decoding() {
    std::optional<DecodingPlan> plan = networks_->language_model.decoding_plan(*cache_);
    if (!plan) return;
    plan->table = networks_->code_table();
    for (const Linear& layer : networks_->gen_head.layers) plan->head.push_back({layer.weight, layer.bias});
    size_t row = 0;
    for (size_t place = 0; place < images_.size(); ++place) {
      const Drawing& drawing = drawings_[place];
      DecodingItem item{.start = cache_->start(rows_[row++]),
                        .length = static_cast<int32_t>(drawing.prompt_ids.size()),
                        .id = images_[place].codes.codes.back(),
                        .step = 1,
                        .guidance = drawing.guidance,
                        .sampling = drawing.sampling};
      if (rows_per_image(drawing.guidance) == 2) item.other_start = cache_->start(rows_[row++]);
      plan->items.push_back(item);
    }
    plan->stream = NoiseStream::codes;
    plan->draws = networks_->config.image_tokens() - 1;
    decoding_ = networks_->device().begin_decoding(*plan);
  }

  // Draws a code of every image. logits: one line a row.
  void draw(std::span<const float> logits) {
    const size_t size = logits.size() / rows_.size();
    for (size_t place = 0; place < images_.size(); ++place) {
      const Drawing& drawing = drawings_[place];
      const int kinds = rows_per_image(drawing.guidance);
      const std::vector<float> scores = guided(logits.first(kinds * size), kinds, drawing.guidance);
      logits = logits.subspan(kinds * size);
      auto& codes = images_[place].codes.codes;
      codes.push_back(
          sample(scores, drawing.sampling, NoiseStream::codes, static_cast<uint32_t>(codes.size())));
    }
  }

  const JanusNetworks* networks_;
  std::span<const Drawing> drawings_;
  KvCache* cache_;
  std::vector<GeneratedImage> images_;
  std::vector<int32_t> rows_;
  std::vector<float> first_logits_;     // one line a row
  std::unique_ptr<Decoding> decoding_;  // or null: the host draws
};

}  // namespace

int images_at_once(const Device& device, int wanted) {
  const int most = device.decodes() ? 16 : 4;
  return wanted > 0 ? std::min(wanted, most) : most;
}

int64_t drawing_cache_rows(size_t images, int kinds) { return kinds * (static_cast<int64_t>(images) + 1); }

void check_prompt_fits(const JanusNetworks& networks, size_t prompt_length) {
  const int64_t context = networks.config.language.max_position_embeddings;
  const int64_t codes = networks.config.image_tokens();
  check(static_cast<int64_t>(prompt_length) + codes <= context,
        "prompt: expected at most {} tokens, so that {} codes "
        "fit the context of {}, found {}; shorten the prompt",
        context - codes, codes, context, prompt_length);
}

Timings draw_images(const JanusNetworks& networks, std::span<const Drawing> drawings, int32_t pad,
                    const DrawHooks& hooks, int most) {
  size_t longest = 0;
  int kinds = 1;
  for (const Drawing& drawing : drawings) {
    check_prompt_fits(networks, drawing.prompt_ids.size());
    longest = std::max(longest, drawing.prompt_ids.size());
    kinds = std::max(kinds, rows_per_image(drawing.guidance));
  }
  const int64_t codes = networks.config.image_tokens();
  const auto width = static_cast<int64_t>(networks.config.vision.grid());
  const auto total = static_cast<int64_t>(drawings.size()) * codes;
  const size_t at_once = std::min<size_t>(drawings.size(), images_at_once(networks.device(), most));

  Timings timings;
  Stopwatch watch;
  // The last code drawn is never read.
  KvCache cache(networks.device(), networks.config.language, drawing_cache_rows(at_once, kinds),
                static_cast<int64_t>(longest) + codes - 1, networks.cache_dtype);
  PromptRows prompts(networks, pad, cache);
  const auto report = [&](const char* phase, int64_t done, int64_t all) {
    if (hooks.progress) hooks.progress(phase, done, all);
  };

  // Finished images. Where the device draws by itself they are handed over while it draws the next ones, one
  // a step: their decoding and writing take the host's time, and other parts of the card.
  std::deque<GeneratedImage> finished;
  const bool hands_over_later = networks.device().decodes() && !hooks.on_line;
  const auto hand_over = [&] {
    if (hooks.on_image) hooks.on_image(finished.front());
    finished.pop_front();
  };

  for (size_t first = 0; first < drawings.size(); first += at_once) {
    const size_t count = std::min(at_once, drawings.size() - first);
    if (first == 0) report("reading", 0, 1);
    Group group(networks, drawings.subspan(first, count), first, cache, prompts, kinds);
    timings.prefill_ms += watch.lap_ms();
    group.draw_first();
    const auto before = static_cast<int64_t>(first) * codes, together = static_cast<int64_t>(count);
    for (int64_t step = 1; step < codes; ++step) {
      report("drawing", before + step * together, total);
      if (hooks.on_line && step % width == 0) {
        timings.decode_ms += watch.lap_ms();
        hooks.on_line(group.images());
        watch.lap_ms();  // what the caller does with an image is its own
      }
      group.draw_next();
      if (!finished.empty()) hand_over();
    }
    while (!finished.empty()) hand_over();
    timings.decode_ms += watch.lap_ms();
    if (timings.decode_ms > 0) {
      timings.tokens_per_second = static_cast<double>(before + together * codes) * 1000 / timings.decode_ms;
    }
    for (GeneratedImage& image : group.images()) {
      image.timings = timings;
      finished.push_back(std::move(image));
    }
    const bool is_last = first + count == drawings.size();
    while (!finished.empty() && (is_last || !hands_over_later)) hand_over();
    report("drawing", before + together * codes, total);
    watch.lap_ms();
  }
  return timings;
}

Score score_image_codes(const JanusNetworks& networks, std::span<const int32_t> prompt_ids, int32_t pad,
                        const ImageCodes& codes, float guidance) {
  check_prompt_fits(networks, prompt_ids.size());
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
    std::vector<Tensor> parts;
    parts.push_back(language_model.embed(row_ids(prompt_ids, pad, kind)));
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
