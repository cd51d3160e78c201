// How the scheduler reads the prompts of those that enter: it looks at their images, then reads what no other
// row holds.
#include <algorithm>
#include <utility>

#include "core/base/finite.h"
#include "core/tensor/ops.h"
#include "generator/engine/damage.h"
#include "generator/engine/scheduler.h"

namespace janus {

void Scheduler::look_at_images() {
  std::vector<PromptImage> all;
  std::vector<std::shared_ptr<Sequence>> askers;
  for (const auto& sequence : entering_) {
    const std::vector<PromptImage> missing = encodings_.missing(sequence->images);
    if (missing.empty()) continue;
    askers.push_back(sequence);
    for (const PromptImage& image : missing) {
      if (std::find(all.begin(), all.end(), image) == all.end()) all.push_back(image);
    }
  }
  // One after another while others run: a block of the tower for many images would hold them up.
  const size_t at_once = running_.empty() ? std::max<size_t>(1, static_cast<size_t>(options_.rows)) : 1;
  for (size_t first = 0; first < all.size(); first += at_once) {
    const size_t count = std::min(at_once, all.size() - first);
    const auto some = std::span<const PromptImage>(all).subspan(first, count);
    Stopwatch watch;
    try {
      encodings_.encode(some, hook("looking", askers));
    } catch (...) {
      const std::exception_ptr error = std::current_exception();
      for (const auto& sequence : askers) {
        if (encodings_.missing(sequence->images).empty()) continue;
        std::erase(entering_, sequence);
        fail(sequence, error);
      }
      return;
    }
    const double each_ms = watch.lap_ms() / static_cast<double>(count);
    for (const auto& sequence : askers) {
      for (const PromptImage& image : sequence->images) {
        if (std::find(some.begin(), some.end(), image) != some.end()) sequence->timings.vision_ms += each_ms;
      }
    }
  }
}

void Scheduler::begin_reading() {
  for (size_t i = 0; i < entering_.size();) {
    const std::shared_ptr<Sequence> sequence = entering_[i];
    Stopwatch watch;
    try {
      const std::vector<Tensor> images = encodings_.embeddings(sequence->images);
      for (size_t row = 0; row < sequence->rows.size(); ++row) {
        PromptRow& prompt = sequence->rows[row];
        const auto length = static_cast<int64_t>(prompt.ids.size());
        if (sequence->session == nullptr && !sequence->keeps_hidden() && sequence->as_flow() == nullptr) {
          if (const auto* logits = rows_.finish_from_other(prompt.cache_row, sequence->kind)) {
            prompt.logits = *logits;
            prompt.is_read = true;
            continue;
          }
        }
        const Tensor embeddings = model_.prompt_embeddings(prompt.ids, images);
        readings_.push_back({.sequence = sequence,
                             .row = row,
                             .embeddings = embeddings.reshape({length, embeddings.size(2)}),
                             .read = sequence->session ? 0 : rows_.read(prompt.cache_row)});
      }
      // What others have read of a prompt is copied, which takes its time, too.
      sequence->timings.prefill_ms += watch.lap_ms();
      ++i;
    } catch (...) {
      std::erase_if(readings_, [&](const Reading& reading) { return reading.sequence == sequence; });
      entering_.erase(entering_.begin() + static_cast<int64_t>(i));
      fail(sequence, std::current_exception());
    }
  }
}

void Scheduler::read_prompts() {
  while (!readings_.empty()) {
    // Those with as many tokens left as the first are read in one pass.
    std::vector<Reading*> together;
    for (Reading& reading : readings_) {
      if (reading.left() == readings_.front().left()) together.push_back(&reading);
    }
    read_together(together);
    std::erase_if(readings_, [](const Reading& reading) {
      return reading.left() == 0 || reading.sequence->error != nullptr || reading.sequence->cancelled;
    });
    start_sequences();
  }
  start_sequences();
}

void Scheduler::read_together(std::vector<Reading*> together) {
  const int64_t left = together.front()->left(), width = together.front()->embeddings.size(1);
  int64_t chunk = left;
  if (!running_.empty() && left >= options_.chunk_tokens + kFewestTokens) {
    chunk = std::max<int64_t>(kFewestTokens, options_.chunk_tokens);
  }
  const auto count = static_cast<int64_t>(together.size());
  std::vector<int32_t> rows;
  std::vector<std::shared_ptr<Sequence>> sequences;
  Stopwatch watch;
  try {
    std::vector<Tensor> parts;
    for (const Reading* reading : together) {
      rows.push_back(reading->sequence->rows[reading->row].cache_row);
      parts.push_back(reading->embeddings.rows(reading->read, chunk));
      if (sequences.empty() || sequences.back() != reading->sequence) sequences.push_back(reading->sequence);
    }
    const Tensor x = count == 1 ? parts[0] : ops::concatenate(parts);
    const Tensor hidden =
        model_.language_model()
            .forward(x.reshape({count, chunk, width}), rows_.cache(), rows, hook("reading", sequences))
            .reshape({count * chunk, width});
    for (size_t i = 0; i < together.size(); ++i) {
      together[i]->read += chunk;
      if (!together[i]->sequence->session) rows_.set_read(rows[i], together[i]->read);
    }
    if (chunk == left) {
      for (size_t i = 0; i < together.size(); ++i) {
        // The prompts of a flow are read for their keys and values alone.
        if (together[i]->sequence->as_flow() != nullptr) {
          together[i]->sequence->rows[together[i]->row].is_read = true;
          continue;
        }
        const TokenKind kind = together[i]->sequence->kind;
        const Tensor last = hidden.rows((static_cast<int64_t>(i) + 1) * chunk - 1, 1);
        try {
          finish_row(*together[i], ops::to_host(model_.logits(kind, last.reshape({1, 1, width}))), last);
        } catch (...) {
          together[i]->sequence->error = std::current_exception();  // its alone: the others' logits are right
        }
      }
    }
  } catch (...) {
    for (const auto& sequence : sequences) {
      if (!sequence->error) sequence->error = std::current_exception();
    }
  }
  const double each_ms = watch.lap_ms() / static_cast<double>(std::max<size_t>(1, sequences.size()));
  for (const auto& sequence : sequences) sequence->timings.prefill_ms += each_ms;
}

void Scheduler::finish_row(Reading& reading, std::vector<float> logits, Tensor hidden) {
  PromptRow& row = reading.sequence->rows[reading.row];
  if (!all_finite(logits)) {
    fail_not_finite(model_, {.kind = reading.sequence->kind,
                             .read = TokenKind::text,
                             .ids = row.ids,
                             .images = reading.sequence->images,
                             .hidden = hidden});
  }
  if (reading.sequence->keeps_hidden()) row.hidden = std::move(hidden);
  if (!reading.sequence->session) rows_.set_logits(row.cache_row, reading.sequence->kind, logits);
  row.logits = std::move(logits);
  row.is_read = true;
}

// Those whose prompts have all been read begin to run.
void Scheduler::start_sequences() {
  std::vector<std::shared_ptr<Sequence>> still;
  for (const auto& sequence : std::exchange(entering_, {})) {
    const bool is_read = std::all_of(sequence->rows.begin(), sequence->rows.end(),
                                     [](const PromptRow& row) { return row.is_read; });
    if (sequence->error == nullptr && !sequence->cancelled && !is_read) {
      still.push_back(sequence);
      continue;
    }
    if (sequence->error == nullptr && !sequence->cancelled && sequence->as_flow() != nullptr) {
      flowing_.push_back(sequence);
      continue;
    }
    if (sequence->error == nullptr && !sequence->cancelled && sequence->samples()) {
      sequence->watch.lap_ms();
      loop_.sample_first(*sequence);
    } else {
      sequence->ended = true;
    }
    running_.push_back(sequence);
  }
  entering_.insert(entering_.begin(), still.begin(), still.end());
  settle_ended();
}

}  // namespace janus
