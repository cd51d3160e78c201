#include "cli/serve/host/loading_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "core/base/json.h"
#include "core/base/start_thread.h"
#include "core/nn/transformer.h"
#include "generator/engine/engine_model.h"
#include "generator/memory_check.h"

namespace janus::cli {
namespace {

ApiError later(const std::string& message, const std::string& code) {
  return retry_later(503, /*after_s=*/2, message, code);
}

}  // namespace

LoadingHost::LoadingHost(HostSettings settings, Metrics& metrics, Console& console)
    : settings_(std::move(settings)), metrics_(metrics), console_(console) {
  for (const ModelNames& names : settings_.models) {
    entries_.push_back({.summary = summarize(names, settings_.common, console), .loaded = {}, .pending = {}});
  }
  metrics_.add_gauges([this](MetricsText& text) { write_gauges(text); });
  thread_ = start_thread([this] { run(); });
}

LoadingHost::~LoadingHost() { stop(); }

void LoadingHost::stop() {
  {
    const std::lock_guard lock(shared_->mutex);
    if (std::exchange(stopped_, true)) return;
    shared_->changed.notify_all();
  }
  thread_.join();
  std::vector<std::shared_ptr<ServedEngine>> engines;
  for (const Entry& entry : entries_) {
    if (entry.loaded) engines.push_back(entry.loaded->engine);
  }
  for (const auto& one : retired_) engines.push_back(one->engine);
  for (const auto& engine : engines) engine->stop();
}

// -- what is asked ------------------------------------------------------------------------------------------

std::vector<ModelSummary> LoadingHost::summaries() const {
  const std::lock_guard lock(shared_->mutex);
  std::vector<ModelSummary> summaries;
  for (const Entry& entry : entries_) {
    summaries.push_back(entry.loaded ? entry.loaded->engine->summary() : entry.summary);
    if (entry.loaded) summaries.back().unloads = unloads(*entry.loaded);
  }
  return summaries;
}

int64_t LoadingHost::unloads(const Loaded& one) const {
  if (settings_.keep_alive_s == 0) return 0;
  const auto unused = idle(one) ? Clock::now() - one.used : Clock::duration::zero();
  const auto when = std::chrono::system_clock::now() + std::chrono::seconds(settings_.keep_alive_s) -
                    std::chrono::duration_cast<std::chrono::system_clock::duration>(unused);
  return std::chrono::duration_cast<std::chrono::seconds>(when.time_since_epoch()).count();
}

std::optional<ApiError> LoadingHost::unready() const {
  const std::lock_guard lock(shared_->mutex);
  if (started_) return std::nullopt;
  const int64_t total = load_total_;
  return later(fmt::format("model {}: expected it to be loaded, found it loading{}; ask again",
                           entries_[0].summary.name,
                           total > 0 ? fmt::format(" ({} %)", 100 * load_done_ / total) : ""),
               "loading");
}

bool LoadingHost::started() const {
  const std::lock_guard lock(shared_->mutex);
  return started_;
}

std::string LoadingHost::start_fault() const {
  const std::lock_guard lock(shared_->mutex);
  return start_fault_;
}

// The last to let go of a model may be its own engine's thread, which cannot end itself, so the host keeps it
// until nobody holds it.
std::shared_ptr<ServedModel> LoadingHost::hold(const std::shared_ptr<Loaded>& loaded) const {
  ++loaded->holders;
  return {loaded->engine.get(),
          [loaded = std::shared_ptr(loaded), shared = shared_](ServedModel* /*model*/) mutable {
            const std::lock_guard lock(shared->mutex);
            --loaded->holders;
            loaded->used = Clock::now();
            loaded.reset();  // under the lock: the host still has it
            shared->changed.notify_all();
          }};
}

void LoadingHost::ask(const std::string& name, std::function<void(std::shared_ptr<ServedModel>)> ready,
                      std::function<void(const ApiError&)> failed) {
  if (const std::optional<ApiError> starting = unready()) {
    failed(*starting);
    return;
  }
  const std::optional<size_t> place = find_model(settings_.models, name);
  if (!place) {
    std::string names;
    for (const ModelNames& one : settings_.models) names += (names.empty() ? "" : ", ") + one.name;
    failed(ApiError(404, fmt::format("model: expected one of {}, found {}", names, excerpt(name)),
                    "model_not_found", "model"));
    return;
  }
  std::shared_ptr<ServedModel> held;
  {
    const std::lock_guard lock(shared_->mutex);
    Entry& entry = entries_[*place];
    // While another model waits for room, those that are loaded come to rest.
    const bool rests = wants_room_ != nullptr && wants_room_ != &entry;
    if (!stopped_ && entry.loaded && !entry.loaded->engine->broken() && !rests) {
      held = hold(entry.loaded);
    } else if (!stopped_) {
      entry.pending.push_back({std::move(ready), std::move(failed)});
      shared_->changed.notify_all();
      return;
    }
  }
  if (held) {
    ready(std::move(held));
  } else {
    failed(server_ends(/*after_s=*/2));
  }
}

// -- the thread that loads ----------------------------------------------------------------------------------

void LoadingHost::run() {
  Lock lock(shared_->mutex);
  load(entries_[0], lock);
  while (!stopped_) {
    if (work(lock)) continue;
    if (const auto next = next_look()) {
      shared_->changed.wait_until(lock, *next);
    } else {
      shared_->changed.wait(lock);
    }
  }
  for (Entry& entry : entries_) {
    refuse(entry, server_ends(/*after_s=*/2), lock);
  }
}

bool LoadingHost::work(Lock& lock) {
  retire_broken();
  if (drop_retired(lock)) return true;
  if (serve_pending(lock)) return true;
  return retire_unused();
}

// Destroys a model that nobody holds any more.
bool LoadingHost::drop_retired(Lock& lock) {
  const auto found =
      std::find_if(retired_.begin(), retired_.end(), [](const auto& one) { return idle(*one); });
  if (found == retired_.end()) return false;
  std::shared_ptr<Loaded> dropped = std::move(*found);
  retired_.erase(found);
  lock.unlock();
  console_.detail(fmt::format("model {}: unloaded", dropped->engine->summary().name));
  dropped.reset();
  lock.lock();
  return true;
}

void LoadingHost::retire_broken() {
  for (Entry& entry : entries_) {
    if (!entry.loaded || !entry.loaded->engine->broken()) continue;
    console_.error(fmt::format("model {}: its engine failed; it is loaded anew when it is asked for",
                               entry.summary.name));
    retired_.push_back(std::exchange(entry.loaded, nullptr));
  }
}

bool LoadingHost::retire_unused() {
  if (settings_.keep_alive_s == 0) return false;
  const auto since = Clock::now() - std::chrono::seconds(settings_.keep_alive_s);
  for (Entry& entry : entries_) {
    if (!entry.loaded || !idle(*entry.loaded) || entry.loaded->used > since) continue;
    retired_.push_back(std::exchange(entry.loaded, nullptr));
    return true;
  }
  return false;
}

std::optional<LoadingHost::Clock::time_point> LoadingHost::next_look() const {
  std::optional<Clock::time_point> next;
  if (settings_.keep_alive_s == 0) return next;
  for (const Entry& entry : entries_) {
    if (!entry.loaded || !idle(*entry.loaded)) continue;
    const auto due = entry.loaded->used + std::chrono::seconds(settings_.keep_alive_s);
    if (!next || due < *next) next = due;
  }
  return next;
}

int64_t LoadingHost::count_loaded() const {
  return static_cast<int64_t>(retired_.size()) +
         std::count_if(entries_.begin(), entries_.end(),
                       [](const Entry& one) { return one.loaded != nullptr; });
}

// Lets go of the loaded model that has not been asked for longest. False where none is idle.
bool LoadingHost::make_room() {
  Entry* oldest = nullptr;
  for (Entry& entry : entries_) {
    if (!entry.loaded || !idle(*entry.loaded)) continue;
    if (oldest == nullptr || entry.loaded->used < oldest->loaded->used) oldest = &entry;
  }
  if (oldest == nullptr) return false;
  retired_.push_back(std::exchange(oldest->loaded, nullptr));
  return true;
}

// Looks after the request that has waited longest for its model.
bool LoadingHost::serve_pending(Lock& lock) {
  Entry* first = nullptr;
  for (Entry& entry : entries_) {
    if (entry.pending.empty()) continue;
    if (first == nullptr || entry.pending.front().since < first->pending.front().since) first = &entry;
  }
  if (first == nullptr) return false;
  if (first->loaded) {
    wants_room_ = nullptr;
    std::deque<Pending> pending = std::exchange(first->pending, {});
    std::vector<std::shared_ptr<ServedModel>> held;
    for (size_t i = 0; i < pending.size(); ++i) held.push_back(hold(first->loaded));
    lock.unlock();
    for (Pending& one : pending) {
      one.ready(std::move(held.back()));
      held.pop_back();
    }
    lock.lock();
    return true;
  }
  const bool full = settings_.most_loaded > 0 && count_loaded() >= settings_.most_loaded;
  if (full || (wants_room_ == first && count_loaded() > 0)) {
    wants_room_ = first;
    if (!make_room()) return false;
    if (!full) wants_room_ = nullptr;
    return true;
  }
  load(*first, lock);
  return true;
}

void LoadingHost::refuse(Entry& entry, const ApiError& error, Lock& lock) {
  std::deque<Pending> pending = std::exchange(entry.pending, {});
  if (wants_room_ == &entry) wants_room_ = nullptr;
  lock.unlock();
  for (const Pending& one : pending) one.failed(error);
  lock.lock();
}

void LoadingHost::load(Entry& entry, Lock& lock) {
  const bool others = count_loaded() > 0;
  lock.unlock();
  std::shared_ptr<Loaded> loaded;
  std::string fault;
  bool too_large = false;
  try {
    loaded = open(entry);
  } catch (const NotEnoughMemory& error) {
    fault = error.what();
    too_large = true;
  } catch (const std::bad_alloc&) {
    fault = fmt::format("model {}: expected memory for it, found none left", entry.summary.name);
    too_large = true;
  } catch (const std::exception& error) {
    fault = error.what();
  }
  lock.lock();
  if (loaded) {
    entry.loaded = std::move(loaded);
    wants_room_ = nullptr;
    started_ = true;
    return;
  }
  if (too_large && others) {
    wants_room_ = &entry;
    return;
  }
  if (!started_) {
    start_fault_ = fault;
    shared_->changed.notify_all();
    return;
  }
  console_.error(fault);
  refuse(entry,
         later(fmt::format("model {}: expected to load it, found that it cannot be: {}", entry.summary.name,
                           fault),
               "model_not_loaded"),
         lock);
}

std::shared_ptr<LoadingHost::Loaded> LoadingHost::open(const Entry& entry) {
  CommonOptions common = settings_.common;
  common.model = settings_.models[static_cast<size_t>(&entry - entries_.data())].model;
  const Work work{.prompt_images = 1,
                  .new_tokens = common.max_tokens,
                  .rows = 1,
                  .generated_images = 1,
                  .images_at_once = 1};
  load_done_ = load_total_ = 0;
  ChosenModel chosen =
      open_chosen_model(common, work, console_, [this](const char*, int64_t done, int64_t total) {
        load_done_ = done;
        load_total_ = total;
      });
  ModelSummary summary = entry.summary;
  summary.device = chosen.model->device().name();
  summary.loaded = true;
  summary.rows =
      settings_.rows == 0 ? default_rows(chosen.model->device()) : static_cast<int>(settings_.rows);
  const EngineOptions options{.rows = summary.rows,
                              .cache_tokens = cache_tokens(*chosen.model, summary.rows),
                              .answer_window = settings_.answer_window,
                              .image_window = settings_.image_window};
  auto loaded = std::make_shared<Loaded>();
  loaded->engine = std::make_shared<ServedEngine>(
      std::move(summary), std::move(chosen),
      ServedEngineSettings{.engine = options,
                           .queue = settings_.queue,
                           .on_idle =
                               [shared = shared_, loaded = std::weak_ptr(loaded)] {
                                 const std::lock_guard lock(shared->mutex);
                                 if (const auto one = loaded.lock()) one->used = Clock::now();
                                 shared->changed.notify_all();
                               }},
      metrics_);
  return loaded;
}

// The most tokens whose keys and values are held: a whole conversation a row, and of the memory that is free
// a share for each model. Without it what rows of changing lengths leave between them would grow for long.
int64_t LoadingHost::cache_tokens(const Model& model, int rows) const {
  const EngineModel& parts = model.engine_model();
  const int64_t models = settings_.most_loaded == 1 ? 1 : std::ssize(settings_.models);
  // An image has two rows, however few are asked for.
  const int64_t wanted = std::max(2, rows) * conversation_tokens(parts.language_model().config());
  return std::clamp<int64_t>(tokens_that_fit(parts) / models, 1, wanted);
}

void LoadingHost::write_gauges(MetricsText& text) const {
  struct Row {
    std::string model;
    bool loaded;
    Engine::Load load;
    int64_t under_way, rows, busy_rows;
  };
  std::vector<Row> rows;
  {
    const std::lock_guard lock(shared_->mutex);
    for (const Entry& entry : entries_) {
      const ServedEngine* engine = entry.loaded ? entry.loaded->engine.get() : nullptr;
      rows.push_back({.model = entry.summary.name,
                      .loaded = engine != nullptr,
                      .load = engine != nullptr ? engine->load() : Engine::Load{},
                      .under_way = engine != nullptr ? engine->under_way() : 0,
                      .rows = engine != nullptr ? engine->rows() : 0,
                      .busy_rows = engine != nullptr ? engine->busy_rows() : 0});
    }
  }
  const auto gauge = [&](const std::string& name, const std::string& help, const auto& value) {
    text.head(name, "gauge", help);
    for (const Row& row : rows) text.sample(name, {{"model", row.model}}, static_cast<double>(value(row)));
  };
  gauge("janus_model_loaded", "Whether a model is in memory",
        [](const Row& row) { return row.loaded ? 1 : 0; });
  gauge("janus_rows", "Rows of a step", [](const Row& row) { return row.rows; });
  gauge("janus_rows_busy", "Rows that requests have", [](const Row& row) { return row.busy_rows; });
  gauge("janus_requests_running", "Requests that have rows", [](const Row& row) { return row.load.running; });
  gauge("janus_requests_waiting", "Requests that wait for rows or whose prompts are read",
        [](const Row& row) { return std::max<int64_t>(0, row.under_way - row.load.running); });
}

}  // namespace janus::cli
