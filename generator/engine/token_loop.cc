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

void TokenLoop::refuse(Sequence& sequence, std::span<const float> logits, const Tensor& hidden) {
  sequence.ended = true;
  try {
    check(logits.empty() || !all_finite(logits),
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

void TokenLoop::sample_next(Sequence& sequence, std::span<const float> logits, const Tensor& hidden) {
  std::vector<float> guided;
  std::span<const float> line = logits;
  if (sequence.rows.size() == 2) {
    const size_t size = logits.size() / 2;
    guided = guide(logits.first(size), logits.subspan(size), sequence.guidance);
    line = guided;
  }
  if (!all_finite(line)) return refuse(sequence, logits, hidden);
  const auto step = static_cast<uint32_t>(sequence.sampled.size());
  const int32_t id = sample(line, sequence.sampling, stream_of(sequence.kind), step);
  if (sequence.wants_logits()) sequence.look(line, id);
  give(sequence, id);
}

void TokenLoop::sample_first(Sequence& sequence) {
  if (sequence.rows.size() == 1) return sample_next(sequence, sequence.rows[0].logits, {});
  std::vector<float> lines = sequence.rows[0].logits;
  lines.insert(lines.end(), sequence.rows[1].logits.begin(), sequence.rows[1].logits.end());
  sample_next(sequence, lines, {});
}

void TokenLoop::step(std::span<const std::shared_ptr<Sequence>> running, KvCache& cache) {
  std::vector<std::shared_ptr<Sequence>> on_host;
  for (const TokenKind kind : {TokenKind::text, TokenKind::code}) {
    std::vector<std::shared_ptr<Sequence>> sequences = of_kind(running, kind);
    const auto looked_at = std::stable_partition(
        sequences.begin(), sequences.end(), [](const auto& sequence) { return !sequence->wants_logits(); });
    on_host.insert(on_host.end(), looked_at, sequences.end());
    sequences.erase(looked_at, sequences.end());
    if (sequences.empty() || step_on_device(kind, sequences, cache)) continue;
    on_host.insert(on_host.end(), sequences.begin(), sequences.end());
  }
  if (!on_host.empty()) step_on_host(on_host, cache);
}

// The answers' rows come first, then the images': each kind's head takes its own.
void TokenLoop::step_on_host(std::span<const std::shared_ptr<Sequence>> running, KvCache& cache) {
  std::vector<int32_t> rows;
  std::vector<Tensor> inputs;  // [B, D], of each kind that is there
  for (const TokenKind kind : {TokenKind::text, TokenKind::code}) {
    std::vector<int32_t> ids;
    for (const std::shared_ptr<Sequence>& sequence : running) {
      if (sequence->kind != kind) continue;
      for (const PromptRow& row : sequence->rows) {
        rows.push_back(row.cache_row);
        ids.push_back(sequence->sampled.back());
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
  for (const TokenKind kind : {TokenKind::text, TokenKind::code}) {
    const std::vector<std::shared_ptr<Sequence>> sequences = of_kind(running, kind);
    int64_t of_this = 0;
    for (const std::shared_ptr<Sequence>& sequence : sequences) {
      of_this += static_cast<int64_t>(sequence->rows.size());
    }
    if (of_this == 0) continue;
    const std::vector<float> logits = ops::to_host(model_->logits(kind, hidden.rows(first, of_this)));
    const size_t line = logits.size() / static_cast<size_t>(of_this);
    std::span<const float> rest(logits);
    for (const std::shared_ptr<Sequence>& sequence : sequences) {
      const auto own = static_cast<int64_t>(sequence->rows.size());
      sample_next(*sequence, rest.first(sequence->rows.size() * line), hidden.rows(first, own));
      rest = rest.subspan(sequence->rows.size() * line);
      first += own;
    }
  }
}

void TokenLoop::forget_plans() {
  text_ = {};
  codes_ = {};
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
  DeviceRun& run = kind == TokenKind::text ? text_ : codes_;
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
