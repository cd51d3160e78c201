#include "generator/janus/janus_batch.h"

#include <algorithm>

#include "core/base/error.h"
#include "core/tensor/ops.h"
#include "generator/janus/understanding.h"

namespace janus {
namespace {

// A pass over fewer tokens than this adds up in another order, and would not give what one over the whole
// prompt gives.
constexpr int64_t kFewestTokens = 2;

// Tokens that all prompts begin with, as far as a pass may end there; 0 for a prompt alone.
int64_t shared_prefix(const std::vector<std::vector<int32_t>>& prompts) {
  if (prompts.size() < 2) return 0;
  size_t length = prompts.front().size();
  for (const auto& prompt : prompts) {
    const auto stop =
        std::mismatch(prompts.front().begin(), prompts.front().end(), prompt.begin(), prompt.end());
    length = std::min<size_t>(length, stop.first - prompts.front().begin());
    length = std::min(length, prompt.size() - kFewestTokens);
  }
  return static_cast<int64_t>(length) >= kFewestTokens ? static_cast<int64_t>(length) : 0;
}

}  // namespace

JanusBatch::JanusBatch(const JanusNetworks& networks, const TextTokenizer& tokenizer,
                       const SpecialIds& special, BatchOptions options)
    : networks_(networks), tokenizer_(tokenizer), special_(special), options_(std::move(options)) {
  check(!options_.prompts.empty() && options_.rows > 0, "batch: expected a prompt and a row, found {} and {}",
        options_.prompts.size(), options_.rows);
  const TransformerConfig& config = networks_.config.language;
  const int64_t context = config.max_position_embeddings;
  int64_t capacity = 0;
  for (const std::string& prompt : options_.prompts) {
    prompt_ids_.push_back(
        understanding_prompt(tokenizer_, special_, prompt, 1, networks_.config.image_tokens()));
    const auto length = static_cast<int64_t>(prompt_ids_.back().size());
    check_context(networks_, length + 1);
    capacity = std::max(capacity, std::min(context, length + options_.max_tokens));
  }
  prefix_ = shared_prefix(prompt_ids_);
  cache_.emplace(networks_.device(), config, options_.rows + (prefix_ > 0 ? 1 : 0), capacity,
                 networks_.cache_dtype);
  rows_.resize(options_.rows);
}

int JanusBatch::busy_rows() const {
  return static_cast<int>(
      std::count_if(rows_.begin(), rows_.end(), [](auto& row) { return row != nullptr; }));
}

std::vector<int32_t> JanusBatch::free_rows() const {
  std::vector<int32_t> free;
  for (size_t row = 0; row < rows_.size(); ++row) {
    if (rows_[row] == nullptr) free.push_back(static_cast<int32_t>(row));
  }
  return free;
}

int JanusBatch::room() const {
  size_t waiting = 0;  // questions
  for (const auto& picture : waiting_) waiting += prompt_ids_.size() - picture->begun;
  return rows_.size() - busy_rows() > waiting ? options_.rows : 0;
}

void JanusBatch::dismiss_waiting() {
  std::erase_if(waiting_, [](const auto& picture) { return picture->begun == 0; });
}

void JanusBatch::add(std::vector<BatchPicture> pictures) {
  if (pictures.empty()) return;
  Stopwatch watch;
  std::vector<float> pixels = std::move(pictures.front().pixels);
  for (size_t i = 1; i < pictures.size(); ++i) {
    pixels.insert(pixels.end(), pictures[i].pixels.begin(), pictures[i].pixels.end());
    pictures[i].pixels = {};
  }
  const Tensor all = networks_.aligner(networks_.vision_tower(pixels));  // [B, N, D]
  const double each_ms = watch.lap_ms() / static_cast<double>(pictures.size());
  for (size_t i = 0; i < pictures.size(); ++i) {
    auto seen = std::make_shared<Seen>();
    seen->result = {.ticket = pictures[i].ticket, .answers = std::vector<Answer>(prompt_ids_.size())};
    seen->embeddings = all.rows(static_cast<int64_t>(i), 1);
    seen->vision_ms = each_ms;
    waiting_.push_back(std::move(seen));
  }
}

Tensor JanusBatch::prompt_embeddings(const Seen& picture, size_t question) const {
  return merge_embeddings(networks_, prompt_ids_[question], special_.placeholder, {&picture.embeddings, 1});
}

std::vector<float> JanusBatch::logits_of(const Tensor& hidden) const {
  return ops::to_host(networks_.lm_head(hidden));
}

void JanusBatch::draw(Drawing& drawing, std::span<const float> logits) {
  const auto step = static_cast<uint32_t>(drawing.answer.ids.size());
  take(drawing, sample(logits, options_.sampling, NoiseStream::text, step));
}

void JanusBatch::take(Drawing& drawing, int32_t id) {
  std::vector<int32_t>& ids = drawing.answer.ids;
  drawing.ended = id == special_.end;
  if (drawing.ended) return;
  ids.push_back(id);
  ++tokens_drawn_;
  drawing.text.push(id);
  if (static_cast<int64_t>(ids.size()) < drawing.most) return;
  drawing.answer.finish_reason = FinishReason::length;
  drawing.ended = true;
}

void JanusBatch::begin_row(int32_t row, const std::shared_ptr<Seen>& picture, size_t question,
                           double prefill_ms, std::span<const float> logits) {
  const auto length = static_cast<int64_t>(prompt_ids_[question].size());
  const int64_t context = networks_.config.language.max_position_embeddings;
  rows_[row] =
      std::make_unique<Drawing>(Drawing{.picture = picture,
                                        .question = question,
                                        .most = std::min<int64_t>(options_.max_tokens, context - length),
                                        .answer = {},
                                        .text = AnswerText(tokenizer_),
                                        .watch = {}});
  rows_[row]->answer.timings.vision_ms = picture->vision_ms;
  rows_[row]->answer.timings.prefill_ms = prefill_ms;
  draw(*rows_[row], logits);
}

// The one prompt is equally long for all pictures, so they are read in one pass.
void JanusBatch::begin_alike(const std::vector<Start>& starts) {
  Stopwatch watch;
  const int64_t width = networks_.config.language.hidden_size;
  const auto count = static_cast<int64_t>(starts.size());
  const auto length = static_cast<int64_t>(prompt_ids_.front().size());
  Tensor all(networks_.device(), DType::f32, {count * length, width});
  std::vector<int32_t> rows;
  for (const Start& start : starts) {
    const Tensor one = prompt_embeddings(*start.picture, 0).reshape({length, width});
    ops::copy(one, all.rows(static_cast<int64_t>(rows.size()) * length, length));
    cache_->truncate(start.row, 0);
    rows.push_back(start.row);
  }
  const Tensor hidden = networks_.language_model.forward(all.reshape({count, length, width}), *cache_, rows)
                            .reshape({count * length, width});
  Tensor last(networks_.device(), DType::f32, {count, width});
  for (int64_t i = 0; i < count; ++i) ops::copy(hidden.rows((i + 1) * length - 1, 1), last.rows(i, 1));
  const std::vector<float> logits = logits_of(last.reshape({count, 1, width}));
  const double each_ms = watch.lap_ms() / static_cast<double>(count);
  const size_t vocabulary = logits.size() / starts.size();
  for (size_t i = 0; i < starts.size(); ++i) {
    starts[i].picture->begun = 1;
    begin_row(starts[i].row, starts[i].picture, 0, each_ms, {logits.data() + i * vocabulary, vocabulary});
  }
}

// The next question about a picture, behind the prefix that its questions share.
void JanusBatch::begin_shared(int32_t row, const std::shared_ptr<Seen>& picture) {
  Stopwatch watch;
  const size_t question = picture->begun++;
  const int64_t width = networks_.config.language.hidden_size;
  const auto length = static_cast<int64_t>(prompt_ids_[question].size());
  const Tensor prompt = prompt_embeddings(*picture, question).reshape({length, width});
  const auto read = [&](int64_t begin, int64_t count, int32_t to) {
    return networks_.language_model.forward(prompt.rows(begin, count).reshape({1, count, width}), *cache_,
                                            {&to, 1});
  };
  cache_->truncate(row, 0);
  if (prefix_ > 0) {
    const auto prefix_row = static_cast<int32_t>(rows_.size());
    if (prefix_owner_ != picture) {
      cache_->truncate(prefix_row, 0);
      read(0, prefix_, prefix_row);
      prefix_owner_ = picture;
    }
    cache_->copy_row(prefix_row, row);
  }
  const Tensor hidden = read(prefix_, length - prefix_, row).reshape({length - prefix_, width});
  const std::vector<float> logits = logits_of(hidden.rows(length - prefix_ - 1, 1));
  begin_row(row, picture, question, watch.lap_ms(), logits);
}

void JanusBatch::begin_answers() {
  std::vector<Start> alike;
  for (const int32_t row : free_rows()) {
    if (waiting_.empty()) break;
    const std::shared_ptr<Seen> picture = waiting_.front();
    if (prompt_ids_.size() == 1) {
      alike.push_back({row, picture});
      waiting_.pop_front();
      continue;
    }
    begin_shared(row, picture);
    if (picture->begun == prompt_ids_.size()) waiting_.pop_front();
  }
  if (!alike.empty()) begin_alike(alike);
}

std::vector<int32_t> JanusBatch::rows_in_work() const {
  std::vector<int32_t> rows;
  for (size_t row = 0; row < rows_.size(); ++row) {
    if (rows_[row] != nullptr && !rows_[row]->ended) rows.push_back(static_cast<int32_t>(row));
  }
  return rows;
}

void JanusBatch::begin_decoding(const std::vector<int32_t>& rows) {
  decoding_.reset();
  decoded_.clear();
  std::optional<DecodingPlan> plan = networks_.language_model.decoding_plan(*cache_);
  if (!plan) return;
  plan->table = networks_.language_model.embed_tokens().weight;
  plan->head.push_back({networks_.lm_head.weight, networks_.lm_head.bias});
  plan->stream = NoiseStream::text;
  int64_t wanted = 0, room = INT32_MAX;
  for (const int32_t row : rows) {
    const Drawing& drawing = *rows_[row];
    const auto drawn = static_cast<int64_t>(drawing.answer.ids.size());
    wanted = std::max(wanted, drawing.most - drawn);
    room = std::min(room, cache_->capacity(row) - cache_->length(row));
    plan->items.push_back({.start = cache_->start(row),
                           .length = static_cast<int32_t>(cache_->length(row)),
                           .id = drawing.answer.ids.back(),
                           .step = static_cast<uint32_t>(drawn),
                           .sampling = options_.sampling});
    decoded_.push_back(&drawing);
  }
  plan->draws = draws_left_ = std::min(wanted, room);
  decoding_ = networks_.device().begin_decoding(*plan);
}

bool JanusBatch::draw_on_device(const std::vector<int32_t>& rows) {
  if (!networks_.device().decodes()) return false;
  const auto is_decoded = [&](int32_t row) {
    return std::find(decoded_.begin(), decoded_.end(), rows_[row].get()) != decoded_.end();
  };
  if (decoding_ == nullptr || draws_left_ == 0 || !std::all_of(rows.begin(), rows.end(), is_decoded)) {
    begin_decoding(rows);
  }
  if (decoding_ == nullptr) return false;
  --draws_left_;
  const std::span<const int32_t> drawn = decoding_->next();
  for (const int32_t row : rows) {
    const auto item = std::find(decoded_.begin(), decoded_.end(), rows_[row].get());
    cache_->extend(row, 1);
    take(*rows_[row], drawn[static_cast<size_t>(item - decoded_.begin())]);
    // Another answer may come to stand where this one did.
    if (rows_[row]->ended) *item = nullptr;
  }
  return true;
}

void JanusBatch::draw_all() {
  const std::vector<int32_t> rows = rows_in_work();
  if (rows.empty() || draw_on_device(rows)) return;
  std::vector<int32_t> ids;
  ids.reserve(rows.size());
  for (const int32_t row : rows) ids.push_back(rows_[row]->answer.ids.back());
  const auto count = static_cast<int64_t>(rows.size());
  const Tensor next =
      networks_.language_model.embed(ids).reshape({count, 1, networks_.config.language.hidden_size});
  const std::vector<float> logits = logits_of(networks_.language_model.forward(next, *cache_, rows));
  const size_t vocabulary = logits.size() / rows.size();
  for (size_t i = 0; i < rows.size(); ++i) {
    draw(*rows_[rows[i]], {logits.data() + i * vocabulary, vocabulary});
  }
}

std::vector<BatchAnswers> JanusBatch::step() {
  // A row that began has its first token from the prompt's own pass, so it draws two in this step.
  begin_answers();
  draw_all();
  std::vector<BatchAnswers> done;
  for (auto& row : rows_) {
    if (row == nullptr || !row->ended) continue;
    Answer& answer = row->answer;
    row->text.finish();
    answer.text = row->text.text();
    answer.timings.decode_ms = row->watch.lap_ms();
    if (answer.timings.decode_ms > 0) {
      answer.timings.tokens_per_second =
          static_cast<double>(answer.ids.size()) * 1000 / answer.timings.decode_ms;
    }
    Seen& picture = *row->picture;
    picture.result.answers[row->question] = std::move(answer);
    if (++picture.ended == prompt_ids_.size()) done.push_back(std::move(picture.result));
    row.reset();
  }
  return done;
}

}  // namespace janus
