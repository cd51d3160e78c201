#include "generator/engine/token_loop.h"

#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "core/base/finite.h"
#include "core/tensor/ops.h"
#include "generator/engine/damage.h"

namespace janus {
namespace {

NoiseStream stream_of(TokenKind kind) {
  return kind == TokenKind::text ? NoiseStream::text : NoiseStream::codes;
}

std::vector<std::shared_ptr<Sequence>> of_kind(std::span<const std::shared_ptr<Sequence>> all,
                                               TokenKind kind) {
  std::vector<std::shared_ptr<Sequence>> found;
  for (const std::shared_ptr<Sequence>& sequence : all) {
    if (sequence->kind == kind) found.push_back(sequence);
  }
  return found;
}

// The logits that a token is sampled from, of those of the sequence's rows; `guided` holds them where
// guidance makes them.
std::span<const float> guided_line(const Sequence& sequence, std::span<const std::span<const float>> lines,
                                   std::vector<float>& guided) {
  if (lines.size() == 1) return lines[0];
  guided = guide(lines[0], lines[1], sequence.guidance);
  return guided;
}

int32_t sample_at(const Sequence& sequence, std::span<const float> line, size_t place) {
  return sample(line, sequence.sampling, stream_of(sequence.kind), static_cast<uint32_t>(place));
}

}  // namespace

void TokenLoop::give(Sequence& sequence, int32_t id) {
  ++tokens_sampled_;
  try {
    sequence.take(id);
  } catch (...) {
    sequence.error = std::current_exception();
    sequence.ended = true;
  }
}

void TokenLoop::refuse(Sequence& sequence, std::span<const std::span<const float>> lines,
                       const Tensor& hidden) {
  sequence.ended = true;
  try {
    check(lines.empty() || !std::all_of(lines.begin(), lines.end(), all_finite),
          "guidance: expected a weight that leaves the logits finite, found {}; use a smaller one",
          sequence.guidance);
    std::span<const int32_t> ids(sequence.sampled);
    if (!ids.empty()) ids = ids.last(1);
    fail_not_finite(
        *model_, {.kind = sequence.kind, .read = sequence.kind, .ids = ids, .images = {}, .hidden = hidden});
  } catch (...) {
    sequence.error = std::current_exception();
  }
}

void TokenLoop::sample_next(Sequence& sequence, std::span<const std::span<const float>> lines,
                            const Tensor& hidden) {
  std::vector<float> guided;
  const std::span<const float> line = guided_line(sequence, lines, guided);
  if (!all_finite(line)) return refuse(sequence, lines, hidden);
  const int32_t id = sample_at(sequence, line, sequence.sampled.size());
  if (sequence.wants_logits()) sequence.look(line, id);
  give(sequence, id);
}

void TokenLoop::sample_first(Sequence& sequence) {
  std::vector<std::span<const float>> lines;
  for (const PromptRow& row : sequence.rows) lines.emplace_back(row.logits);
  sample_next(sequence, lines, {});
}

void TokenLoop::step(std::span<const std::shared_ptr<Sequence>> running, KvCache& cache) {
  std::vector<std::shared_ptr<Sequence>> on_host;
  for (const TokenKind kind : {TokenKind::text, TokenKind::code}) {
    std::vector<std::shared_ptr<Sequence>> sequences = of_kind(running, kind);
    const bool guesses = state_of(kind).window > 1;
    const auto of_host = std::stable_partition(sequences.begin(), sequences.end(), [&](const auto& sequence) {
      return !guesses && !sequence->wants_logits();
    });
    on_host.insert(on_host.end(), of_host, sequences.end());
    sequences.erase(of_host, sequences.end());
    if (sequences.empty() || step_on_device(kind, sequences, cache)) continue;
    on_host.insert(on_host.end(), sequences.begin(), sequences.end());
  }
  if (!on_host.empty()) step_on_host(on_host, cache);
}

std::vector<TokenLoop::Window> TokenLoop::windows_of(std::span<const std::shared_ptr<Sequence>> running,
                                                     const KvCache& cache) {
  std::vector<Window> windows;
  for (const TokenKind kind : {TokenKind::text, TokenKind::code}) {
    PassShape shape;
    for (const std::shared_ptr<Sequence>& sequence : running) {
      (sequence->kind == kind ? shape.sequences : shape.other_sequences) += 1;
      (sequence->kind == kind ? shape.rows : shape.other_rows) += static_cast<int>(sequence->rows.size());
    }
    if (shape.sequences == 0) continue;
    KindState& state = state_of(kind);
    const int wanted = state.window == kAutoWindow ? state.tuner.next(shape) : state.window;
    for (const std::shared_ptr<Sequence>& sequence : running) {
      if (sequence->kind != kind) continue;
      Window window{.sequence = sequence, .ids = {sequence->sampled.back()}};
      int64_t room = sequence->most - static_cast<int64_t>(sequence->sampled.size());
      for (const PromptRow& row : sequence->rows) {
        room = std::min(room, cache.capacity(row.cache_row) - cache.length(row.cache_row));
      }
      const int64_t guesses = std::min<int64_t>(wanted, room) - 1;
      if (guesses > 0) {
        const std::vector<int32_t> guessed = sequence->guesses(guesses);
        window.ids.insert(window.ids.end(), guessed.begin(), guessed.end());
      }
      windows.push_back(std::move(window));
    }
  }
  return windows;
}

int64_t TokenLoop::sample_window(const Window& window, std::span<const float> logits, const Tensor& hidden,
                                 KvCache& cache) {
  Sequence& sequence = *window.sequence;
  const size_t count = window.ids.size(), size = logits.size() / static_cast<size_t>(window.rows());
  const size_t before = sequence.sampled.size();
  const auto lines_at = [&](size_t place) {
    std::vector<std::span<const float>> lines;
    for (size_t row = 0; row < sequence.rows.size(); ++row) {
      lines.push_back(logits.subspan((row * count + place) * size, size));
    }
    return lines;
  };
  ++sequence.timings.passes;
  size_t taken = 0;
  do {
    sample_next(sequence, lines_at(taken), hidden);
    ++taken;
  } while (taken < count && !sequence.ended && sequence.sampled.back() == window.ids[taken]);
  const auto wrong = static_cast<int64_t>(count - taken);
  for (const PromptRow& row : sequence.rows) {
    cache.truncate(row.cache_row, cache.length(row.cache_row) - wrong);
  }
  if (!sequence.ended && sequence.improves_guesses() && count > 1) {
    std::vector<int32_t> behind;
    std::vector<float> guided;
    for (size_t place = taken; place < count; ++place) {
      const std::span<const float> line = guided_line(sequence, lines_at(place), guided);
      if (!all_finite(line)) break;
      behind.push_back(sample_at(sequence, line, before + place));
    }
    sequence.set_guesses(behind);
  }
  return static_cast<int64_t>(taken);
}

// The answers' rows come first, then the images': each kind's head takes its own.
void TokenLoop::step_on_host(std::span<const std::shared_ptr<Sequence>> running, KvCache& cache) {
  Stopwatch watch;
  const std::vector<Window> windows = windows_of(running, cache);
  std::vector<int32_t> rows;
  std::vector<Tensor> inputs;  // [B, D], of each kind that is there
  for (const TokenKind kind : {TokenKind::text, TokenKind::code}) {
    std::vector<int32_t> ids;
    for (const Window& window : windows) {
      if (window.sequence->kind != kind) continue;
      for (const PromptRow& row : window.sequence->rows) {
        rows.insert(rows.end(), window.ids.size(), row.cache_row);
        ids.insert(ids.end(), window.ids.begin(), window.ids.end());
      }
    }
    if (ids.empty()) continue;
    const Tensor x = model_->embed(kind, ids);  // [B, 1, D]
    inputs.push_back(x.reshape({x.size(0), x.size(2)}));
  }
  const auto count = static_cast<int64_t>(rows.size()), width = inputs[0].size(1);
  const Tensor x = inputs.size() == 1 ? inputs[0] : ops::concatenate(inputs);
  const Tensor hidden = model_->language_model().forward(x.reshape({count, 1, width}), cache, rows);
  int64_t first = 0;
  std::vector<int64_t> taken;
  for (const TokenKind kind : {TokenKind::text, TokenKind::code}) {
    int64_t of_this = 0;
    for (const Window& window : windows) of_this += window.sequence->kind == kind ? window.rows() : 0;
    if (of_this == 0) continue;
    const std::vector<float> logits = ops::to_host(model_->logits(kind, hidden.rows(first, of_this)));
    const size_t line = logits.size() / static_cast<size_t>(of_this);
    std::span<const float> rest(logits);
    for (const Window& window : windows) {
      if (window.sequence->kind != kind) continue;
      const auto own = static_cast<size_t>(window.rows()) * line;
      taken.push_back(sample_window(window, rest.first(own), hidden.rows(first, window.rows()), cache));
      rest = rest.subspan(own);
      first += window.rows();
    }
  }
  learn(windows, taken, watch.lap_ms());
}

void TokenLoop::learn(std::span<const Window> windows, std::span<const int64_t> taken, double ms) {
  int64_t rows = 0;
  for (const Window& window : windows) rows += window.rows();
  for (const TokenKind kind : {TokenKind::text, TokenKind::code}) {
    int64_t longest = 0, tokens = 0, sequences = 0;
    for (size_t i = 0; i < windows.size(); ++i) {
      if (windows[i].sequence->kind != kind) continue;
      longest = std::max(longest, static_cast<int64_t>(windows[i].ids.size()));
      tokens += taken[i];
      ++sequences;
    }
    if (sequences == 0 || state_of(kind).window != kAutoWindow) continue;
    state_of(kind).tuner.learn(static_cast<int>(longest), static_cast<int>(rows), ms,
                               static_cast<double>(tokens) / static_cast<double>(sequences));
  }
}

void TokenLoop::forget_plans() {
  text_.run = {};
  codes_.run = {};
}

void TokenLoop::begin_device_run(DeviceRun& run, TokenKind kind,
                                 std::span<const std::shared_ptr<Sequence>> running, const KvCache& cache) {
  run = {};
  std::optional<DeviceDecodePlan> plan = model_->language_model().device_decode_plan(cache);
  if (!plan) return;
  model_->complete_plan(kind, *plan);
  plan->stream = stream_of(kind);
  int64_t wanted = 0, room = INT32_MAX;
  for (const std::shared_ptr<Sequence>& sequence : running) {
    const auto sampled = static_cast<int64_t>(sequence->sampled.size());
    const int32_t row = sequence->rows[0].cache_row;
    wanted = std::max(wanted, sequence->most - sampled);
    for (const PromptRow& each : sequence->rows) {
      room = std::min(room, cache.capacity(each.cache_row) - cache.length(each.cache_row));
    }
    DeviceDecodeItem item{.start = cache.start(row),
                          .length = static_cast<int32_t>(cache.length(row)),
                          .id = sequence->sampled.back(),
                          .step = static_cast<uint32_t>(sampled),
                          .guidance = sequence->guidance,
                          .sampling = sequence->sampling};
    if (sequence->rows.size() == 2) {
      item.other_start = cache.start(sequence->rows[1].cache_row);
      item.other_length = static_cast<int32_t>(cache.length(sequence->rows[1].cache_row));
    }
    plan->items.push_back(item);
    run.items.push_back(sequence->id);
  }
  plan->samples = run.left = std::min(wanted, room);
  run.decoding = begin_device_decode(model_->language_model().device(), *plan);
}

bool TokenLoop::step_on_device(TokenKind kind, std::span<const std::shared_ptr<Sequence>> running,
                               KvCache& cache) {
  if (!model_->language_model().device().supports_device_decoding()) return false;
  DeviceRun& run = state_of(kind).run;
  const auto item_of = [&](const std::shared_ptr<Sequence>& sequence) {
    return std::find(run.items.begin(), run.items.end(), sequence->id);
  };
  const bool covers = std::all_of(running.begin(), running.end(),
                                  [&](const auto& sequence) { return item_of(sequence) != run.items.end(); });
  if (run.decoding == nullptr || run.left == 0 || !covers) begin_device_run(run, kind, running, cache);
  if (run.decoding == nullptr) return false;
  --run.left;
  const std::span<const int32_t> sampled = run.decoding->next();
  for (const std::shared_ptr<Sequence>& sequence : running) {
    const auto item = item_of(sequence);
    ++sequence->timings.passes;
    for (const PromptRow& row : sequence->rows) cache.extend(row.cache_row, 1);
    const int32_t id = sampled[static_cast<size_t>(item - run.items.begin())];
    if (id == DeviceDecodeRun::kNotFinite) {
      refuse(*sequence, {}, {});
    } else {
      give(*sequence, id);
    }
    if (sequence->ended) *item = 0;
  }
  return true;
}

}  // namespace janus
