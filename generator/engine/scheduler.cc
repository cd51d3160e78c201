#include "generator/engine/scheduler.h"

#include <algorithm>
#include <utility>

#include "core/base/error.h"
#include "core/tensor/ops.h"

namespace janus {

Scheduler::Scheduler(const EngineModel& model, EngineOptions options, std::function<void()> poll)
    : model_(model),
      options_(options),
      poll_(std::move(poll)),
      rows_(model.language_model(), model.cache_dtype(), options.cache_tokens),
      encodings_(model),
      loop_(model, options),
      last_step_(Clock::now()) {}

void Scheduler::cancel(RequestId id) {
  const auto is_asked = [id](const auto& sequence) { return sequence->id == id; };
  for (const auto* list : {&entering_, &running_, &flowing_}) {
    const auto found = std::find_if(list->begin(), list->end(), is_asked);
    if (found != list->end()) (*found)->cancelled = true;
  }
  if (being_finished_ && being_finished_->id == id) being_finished_->cancelled = true;
  for (auto* list : {&waiting_, &finishing_}) {
    const auto found = std::find_if(list->begin(), list->end(), is_asked);
    if (found == list->end()) continue;
    const std::shared_ptr<Sequence> sequence = *found;
    list->erase(found);
    fail(sequence, std::make_exception_ptr(Cancelled()));
  }
}

bool Scheduler::idle() const { return waiting_.empty() && finishing_.empty() && !under_way(); }

void Scheduler::step() {
  while (let_in()) read_prompts();
  sample_all();
  flow_all();
  finish_one();
  encodings_.forget_unused();
}

// -- letting in ---------------------------------------------------------------------------------------------

int Scheduler::rows_in_use() const {
  size_t rows = 0;
  for (const auto* list : {&running_, &entering_, &flowing_}) {
    for (const auto& sequence : *list) rows += sequence->rows.size();
  }
  return static_cast<int>(rows);
}

bool Scheduler::may_enter(const Sequence& sequence) const {
  const int used = rows_in_use();
  return used == 0 || used + static_cast<int>(sequence.rows.size()) <= options_.rows;
}

// Images that are drawn by flow keep their rows for minutes: half of all are left to others.
bool Scheduler::waits_for_flows(Sequence& sequence) const {
  if (sequence.as_flow() == nullptr) return false;
  size_t rows = 0;
  for (const auto* list : {&flowing_, &entering_}) {
    for (const auto& other : *list) rows += other->as_flow() != nullptr ? other->rows.size() : 0;
  }
  const auto most = static_cast<size_t>(std::max(2, options_.rows / 2));
  return rows > 0 && rows + sequence.rows.size() > most;
}

// Whether much of its prompt is being read for another right now.
bool Scheduler::waits_for_prompt(const Sequence& sequence) const {
  if (sequence.session != nullptr) return false;
  for (const PromptRow& row : sequence.rows) {
    const int64_t held = rows_.held_of(row.keys), missing = static_cast<int64_t>(row.keys.size()) - held;
    for (const auto& other : entering_) {
      if (other->session != nullptr) continue;
      for (const PromptRow& before : other->rows) {
        if (4 * (common_beginning(row.keys, before.keys) - held) > missing) return true;
      }
    }
  }
  return false;
}

int64_t Scheduler::tokens_ahead(const Sequence& behind) const {
  int64_t tokens = 0;
  int rows = rows_in_use() + static_cast<int>(behind.rows.size());
  for (const auto& sequence : waiting_) {
    if (sequence.get() == &behind || sequence->session != nullptr) continue;
    rows += static_cast<int>(sequence->rows.size());
    if (rows > options_.rows) break;
    for (const PromptRow& row : sequence->rows) tokens += sequence->capacity(row);
  }
  return tokens;
}

bool Scheduler::take_rows(Sequence& sequence) {
  int64_t ahead = tokens_ahead(sequence);
  for (const PromptRow& row : sequence.rows) ahead += sequence.capacity(row);
  for (PromptRow& row : sequence.rows) {
    std::optional<int32_t> taken;
    ahead -= sequence.capacity(row);
    if (Session* session = sequence.session.get()) {
      if (session->cache_row_ < 0) session->cache_row_ = rows_.take_empty(session->capacity_).value_or(-1);
      if (session->cache_row_ >= 0) taken = session->cache_row_;
      if (taken) {
        // Whoever holds the session may have taken back what was said last.
        rows_.cache().truncate(*taken, session->length_);
        row.begin = session->length_;
      }
    } else {
      taken = rows_.take(row.keys, sequence.capacity(row), ahead);
    }
    if (!taken) {
      for (PromptRow& other : sequence.rows) {
        if (other.cache_row >= 0 && sequence.session == nullptr) rows_.release(other.cache_row);
        other.cache_row = -1;
      }
      return false;
    }
    row.cache_row = *taken;
  }
  // Rows may have moved, or stand where a device still writes for an answer that has ended.
  loop_.forget_plans();
  return true;
}

void Scheduler::give_back_rows(Sequence& sequence, bool failed) {
  for (PromptRow& row : sequence.rows) {
    if (row.cache_row < 0) continue;
    if (sequence.session != nullptr) {
      const int64_t length = rows_.cache().length(row.cache_row);
      if (failed) rows_.cache().truncate(row.cache_row, std::min(row.begin, length));
      sequence.session->length_ = rows_.cache().length(row.cache_row);
    } else {
      rows_.release(row.cache_row);
    }
    row.cache_row = -1;
  }
  if (std::exchange(sequence.holds_session, false)) sequence.session->in_use_ = false;
}

bool Scheduler::let_in() {
  while (true) {
    // Nobody waits behind an image that only waits for others of its kind.
    const auto next = std::find_if(waiting_.begin(), waiting_.end(),
                                   [this](const auto& sequence) { return !waits_for_flows(*sequence); });
    if (next == waiting_.end() || !may_enter(**next)) break;
    const std::shared_ptr<Sequence> sequence = *next;
    if (sequence->session == nullptr && sequence->rows[0].keys.empty()) {
      for (PromptRow& row : sequence->rows) row.keys = encodings_.keys_of(row.ids, sequence->images);
    }
    if (waits_for_prompt(*sequence)) break;
    try {
      if (!take_rows(*sequence)) {
        if (under_way()) break;  // until memory is given back
        janus::fail(
            "memory, request: expected room for the keys and values of {} rows of up to {} tokens, found it "
            "for {} tokens; ask for less, or close other programs",
            sequence->rows.size(), sequence->longest_row(), rows_.most_tokens());
      }
    } catch (...) {
      waiting_.erase(next);
      fail(sequence, std::current_exception());
      continue;
    }
    waiting_.erase(next);
    sequence->watch.lap_ms();
    entering_.push_back(sequence);
  }
  if (entering_.empty()) return false;
  look_at_images();
  begin_reading();
  return true;
}

// -- running ------------------------------------------------------------------------------------------------

void Scheduler::between_layers() {
  poll_();
  if (!running_.empty() && Clock::now() - last_step_ >= std::chrono::milliseconds(options_.hold_ms))
    sample_all();
}

LayerHook Scheduler::hook(const char* phase, std::vector<std::shared_ptr<Sequence>> of) {
  return [this, phase, of = std::move(of)](int64_t done, int64_t total) {
    between_layers();
    bool wanted = false;
    for (const auto& sequence : of) {
      if (sequence->cancelled || sequence->error) continue;
      try {
        sequence->report(phase, done, total);
        wanted = true;
      } catch (...) {
        sequence->error = std::current_exception();
      }
    }
    if (!wanted) throw Cancelled();  // nobody waits for this pass any more
  };
}

void Scheduler::sample_all() {
  for (const auto& sequence : running_) sequence->ended |= sequence->cancelled;
  settle_ended();
  if (running_.empty()) return;
  try {
    loop_.step(running_, rows_.cache());
  } catch (...) {
    for (const auto& sequence : running_) {
      if (!sequence->error) sequence->error = std::current_exception();
      sequence->ended = true;
    }
  }
  last_step_ = Clock::now();
  settle_ended();
}

// A pass over one image's tokens fills a device: more of them side by side would gain nothing, and hold up
// the others for longer. Whoever asks meanwhile enters between two layers, for a step may take many seconds.
void Scheduler::flow_all() {
  for (const auto& sequence : std::vector(flowing_)) {
    if (!sequence->cancelled) {
      try {
        sequence->as_flow()->advance(rows_.cache(), times_, [&](int64_t, int64_t) {
          between_layers();
          while (let_in()) read_prompts();
          if (sequence->cancelled || broken_off_) throw Cancelled();
        });
      } catch (...) {
        if (broken_off_) return;
        sequence->error = std::current_exception();
      }
    }
    if (!sequence->cancelled && !sequence->error && !sequence->ended) continue;
    std::erase(flowing_, sequence);
    settle(sequence);
  }
}

void Scheduler::settle_ended() {
  for (size_t i = 0; i < running_.size();) {
    if (!running_[i]->ended) {
      ++i;
      continue;
    }
    const std::shared_ptr<Sequence> sequence = running_[i];
    running_.erase(running_.begin() + static_cast<int64_t>(i));
    settle(sequence);
  }
}

void Scheduler::settle(const std::shared_ptr<Sequence>& sequence) {
  if (sequence->cancelled && !sequence->error) sequence->error = std::make_exception_ptr(Cancelled());
  if (sequence->error) return fail(sequence, sequence->error);
  if (sequence->finishes_later()) {
    give_back_rows(*sequence, /*failed=*/false);
    finishing_.push_back(sequence);
    return;
  }
  // Whoever is told that an answer is there may go on with its session at once.
  const int32_t row = sequence->rows[0].cache_row;
  if (sequence->session != nullptr) give_back_rows(*sequence, /*failed=*/false);
  try {
    sequence->finish(model_, rows_.cache(), hook("scoring", {sequence}));
  } catch (...) {
    if (sequence->session != nullptr && !sequence->session->in_use_) {
      rows_.cache().truncate(row, sequence->rows[0].begin);
      sequence->session->length_ = sequence->rows[0].begin;
    }
    return fail(sequence, sequence->error ? sequence->error : std::current_exception());
  }
  give_back_rows(*sequence, /*failed=*/false);
}

void Scheduler::fail(const std::shared_ptr<Sequence>& sequence, std::exception_ptr error) {
  give_back_rows(*sequence, /*failed=*/true);
  try {
    sequence->fail(std::move(error));
  } catch (...) {  // whoever is told of an error has no other way to be told
  }
}

// One a step, so that those that run are held up little when many end together.
void Scheduler::finish_one() {
  if (finishing_.empty()) return;
  const std::shared_ptr<Sequence> sequence = finishing_.front();
  finishing_.pop_front();
  being_finished_ = sequence;
  try {
    sequence->finish(model_, rows_.cache(), [&](int64_t, int64_t) {
      between_layers();
      if (sequence->cancelled) throw Cancelled();
    });
  } catch (...) {
    fail(sequence, std::current_exception());
  }
  being_finished_ = nullptr;
}

void Scheduler::fail_all(const std::exception_ptr& error) {
  readings_.clear();
  for (auto* list : {&entering_, &running_, &flowing_}) {
    for (const auto& sequence : std::exchange(*list, {})) fail(sequence, error);
  }
  for (auto* list : {&waiting_, &finishing_}) {
    for (const auto& sequence : std::exchange(*list, {})) fail(sequence, error);
  }
}

}  // namespace janus
