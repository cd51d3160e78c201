#include "generator/janus/understanding.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "core/base/error.h"
#include "core/tensor/ops.h"
#include "generator/stopwatch.h"

namespace janus {
namespace {

// Rows of text logits computed at a time when scoring: a vocabulary's row is large.
constexpr int64_t kScoreRows = 32;

std::vector<Tensor> embed_pictures(const JanusNetworks& networks, std::span<const Image> images,
                                   const Progress& progress) {
  std::vector<Tensor> pictures;
  for (size_t index = 0; index < images.size(); ++index) {
    LayerHook on_layer;
    if (progress) {
      on_layer = [&](int64_t done, int64_t layers) {
        progress("looking", static_cast<int64_t>(index) * layers + done,
                 static_cast<int64_t>(images.size()) * layers);
      };
    }
    pictures.push_back(picture_embeddings(networks, images[index], on_layer));
  }
  return pictures;
}

void check_answer(const JanusNetworks& networks, std::span<const int32_t> ids) {
  check(!ids.empty(), "text: expected at least one token to score, found none");
  const int64_t vocabulary = networks.config.language.vocab_size;
  for (int32_t id : ids) {
    check(id >= 0 && id < vocabulary,
          "text: expected ids below the model's {}, found {}; use the tokenizer files "
          "of the model",
          vocabulary, id);
  }
}

// Adds the log-probabilities of `ids` to a score, each predicted by its row of hidden [T, D].
void add_log_probabilities(const JanusNetworks& networks, const Tensor& hidden, std::span<const int32_t> ids,
                           Score& score) {
  const int64_t vocabulary = networks.config.language.vocab_size;
  const auto count = static_cast<int64_t>(ids.size());
  for (int64_t begin = 0; begin < count; begin += kScoreRows) {
    const int64_t rows = std::min(kScoreRows, count - begin);
    const std::vector<float> logits = ops::to_host(networks.lm_head(hidden.rows(begin, rows)));
    for (int64_t index = 0; index < rows; ++index) {
      const std::span<const float> line(logits.data() + index * vocabulary, vocabulary);
      score.logprobs.push_back(log_probability(line, ids[begin + index]));
      score.total += score.logprobs.back();
    }
  }
}

// The device draws what follows `id` by itself, if it can; else null.
std::unique_ptr<Decoding> begin_decoding(const JanusNetworks& networks, const KvCache& cache, int32_t length,
                                         int32_t id, const SamplingOptions& sampling, int64_t draws) {
  if (!networks.device().decodes()) return nullptr;
  std::optional<DecodingPlan> plan = networks.language_model.decoding_plan(cache);
  if (!plan) return nullptr;
  plan->table = networks.language_model.embed_tokens().weight;
  plan->head.push_back({networks.lm_head.weight, networks.lm_head.bias});
  plan->items.push_back(
      {.start = cache.start(0), .length = length, .id = id, .step = 1, .sampling = sampling});
  plan->stream = NoiseStream::text;
  plan->draws = draws;
  return networks.device().begin_decoding(*plan);
}

}  // namespace

void check_context(const JanusNetworks& networks, int64_t tokens) {
  const int64_t context = networks.config.language.max_position_embeddings;
  check(tokens <= context,
        "prompt: expected at most {} tokens with its images and one of the answer, found {}; shorten "
        "the prompt or use fewer images",
        context, tokens);
}

Tensor picture_features(const JanusNetworks& networks, const Image& image, const LayerHook& on_layer) {
  return networks.vision_tower(preprocess(image, networks.config.preprocess), on_layer);
}

Tensor picture_embeddings(const JanusNetworks& networks, const Image& image, const LayerHook& on_layer) {
  return networks.aligner(picture_features(networks, image, on_layer));
}

Tensor merge_embeddings(const JanusNetworks& networks, std::span<const int32_t> ids, int32_t placeholder,
                        std::span<const Tensor> pictures) {
  const int64_t count = networks.config.image_tokens();
  const auto places = std::count(ids.begin(), ids.end(), placeholder);
  check(places == count * static_cast<int64_t>(pictures.size()),
        "prompt: expected {} places for the embeddings of {} "
        "images, found {}",
        count * pictures.size(), pictures.size(), places);
  std::vector<int32_t> looked_up(ids.begin(), ids.end());
  // The placeholder's own row is never seen, and for Janus-1.3B may lie behind the table.
  std::replace(looked_up.begin(), looked_up.end(), placeholder, 0);
  Tensor embeddings = networks.language_model.embed(looked_up);  // [T, D]

  size_t place = 0;
  for (const Tensor& picture : pictures) {
    const Tensor rows = picture.reshape({count, embeddings.size(1)});
    // Places of one picture stand together unless a caller made the ids by hand.
    for (int64_t row = 0; row < count;) {
      while (ids[place] != placeholder) ++place;
      size_t end = place;
      while (end < ids.size() && ids[end] == placeholder && row + static_cast<int64_t>(end - place) < count)
        ++end;
      const auto run = static_cast<int64_t>(end - place);
      ops::copy(rows.rows(row, run), embeddings.rows(static_cast<int64_t>(place), run));
      row += run;
      place = end;
    }
  }
  return embeddings.reshape({1, embeddings.size(0), embeddings.size(1)});
}

Answer answer(const JanusNetworks& networks, std::span<const Image> images,
              std::span<const int32_t> prompt_ids, const SpecialIds& special, const DescribeOptions& options,
              const std::function<void(int32_t)>& on_token, const Progress& progress) {
  const TransformerConfig& config = networks.config.language;
  const auto prompt_length = static_cast<int64_t>(prompt_ids.size());
  check_context(networks, prompt_length + 1);
  const int64_t most = std::min<int64_t>(options.max_tokens, config.max_position_embeddings - prompt_length);
  KvCache cache(networks.device(), config, 1, prompt_length + most, networks.cache_dtype);
  return continue_answer(networks, images, prompt_ids, special, options, cache, on_token, progress);
}

Answer continue_answer(const JanusNetworks& networks, std::span<const Image> images,
                       std::span<const int32_t> prompt_ids, const SpecialIds& special,
                       const DescribeOptions& options, KvCache& cache,
                       const std::function<void(int32_t)>& on_token, const Progress& progress) {
  const TransformerConfig& config = networks.config.language;
  const auto prompt_length = static_cast<int64_t>(prompt_ids.size());
  const int64_t most =
      std::min<int64_t>(options.max_tokens, cache.capacity(0) - cache.length(0) - prompt_length);

  Answer result;
  Stopwatch watch;
  const std::vector<Tensor> pictures = embed_pictures(networks, images, progress);
  result.timings.vision_ms = watch.lap_ms();

  LayerHook on_layer;
  if (progress) on_layer = [&](int64_t done, int64_t layers) { progress("reading", done, layers); };
  const int32_t row = 0;
  const Tensor embeddings = merge_embeddings(networks, prompt_ids, special.placeholder, pictures);
  Tensor hidden = networks.language_model.forward(embeddings, cache, {&row, 1}, on_layer);  // [1, T, D]
  hidden = hidden.reshape({prompt_length, config.hidden_size}).rows(prompt_length - 1, 1);
  std::vector<float> logits = ops::to_host(networks.lm_head(hidden));  // [V]
  result.timings.prefill_ms = watch.lap_ms();

  result.finish_reason = FinishReason::length;
  int32_t id = sample(logits, options.sampling, NoiseStream::text, 0);
  const std::unique_ptr<Decoding> decoding =
      most > 1 && id != special.end ? begin_decoding(networks, cache, static_cast<int32_t>(prompt_length), id,
                                                     options.sampling, most - 1)
                                    : nullptr;
  for (int64_t step = 0; step < most; ++step) {
    if (id == special.end) {
      result.finish_reason = FinishReason::stop;
      break;
    }
    result.ids.push_back(id);
    if (on_token) on_token(id);
    if (progress) progress("writing", step + 1, most);
    if (step + 1 == most) break;
    if (decoding) {
      id = decoding->next()[0];
      continue;
    }
    const Tensor next = networks.language_model.embed({&id, 1}).reshape({1, 1, config.hidden_size});
    logits = ops::to_host(networks.lm_head(networks.language_model.forward(next, cache, {&row, 1})));
    id = sample(logits, options.sampling, NoiseStream::text, static_cast<uint32_t>(step) + 1);
  }
  result.timings.decode_ms = watch.lap_ms();
  if (result.timings.decode_ms > 0) {
    result.timings.tokens_per_second =
        static_cast<double>(result.ids.size()) * 1000 / result.timings.decode_ms;
  }
  return result;
}

std::vector<Score> score_answers(const JanusNetworks& networks, std::span<const Image> images,
                                 std::span<const int32_t> prompt_ids, const SpecialIds& special,
                                 std::span<const std::vector<int32_t>> answers) {
  const TransformerConfig& config = networks.config.language;
  const auto prompt_length = static_cast<int64_t>(prompt_ids.size());
  size_t longest = 0;
  for (const std::vector<int32_t>& ids : answers) {
    check_answer(networks, ids);
    longest = std::max(longest, ids.size());
  }
  // The last id of an answer is only predicted, never read.
  const int64_t capacity = prompt_length + static_cast<int64_t>(longest) - 1;
  check_context(networks, capacity + 1);

  const std::vector<Tensor> pictures = embed_pictures(networks, images, nullptr);
  KvCache cache(networks.device(), config, 1, capacity, networks.cache_dtype);
  const int32_t row = 0;
  const Tensor embeddings = merge_embeddings(networks, prompt_ids, special.placeholder, pictures);
  const Tensor prompt = networks.language_model.forward(embeddings, cache, {&row, 1})
                            .reshape({prompt_length, config.hidden_size})
                            .rows(prompt_length - 1, 1);

  std::vector<Score> scores;
  for (const std::vector<int32_t>& ids : answers) {
    cache.truncate(row, prompt_length);
    Score score{.ids = ids, .logprobs = {}, .total = 0};
    add_log_probabilities(networks, prompt, std::span(ids).first(1), score);
    const auto read = static_cast<int64_t>(ids.size()) - 1;
    if (read > 0) {
      const Tensor x = networks.language_model.embed(std::span(ids).first(read));
      const Tensor hidden =
          networks.language_model.forward(x.reshape({1, read, config.hidden_size}), cache, {&row, 1});
      add_log_probabilities(networks, hidden.reshape({read, config.hidden_size}), std::span(ids).subspan(1),
                            score);
    }
    scores.push_back(std::move(score));
  }
  return scores;
}

}  // namespace janus
