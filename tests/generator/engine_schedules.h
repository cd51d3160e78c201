// Random mixtures of requests, and whether each gives what it gives alone.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <random>
#include <vector>

#include "generator/model.h"
#include "tests/generator/engine_requests.h"

namespace janus {

// A token a pass.
inline void alone(const Model& model, Asked& asked) {
  Engine engine(model, {.answer_window = 1, .image_window = 1});
  Outcome outcome;
  submit(engine, asked, outcome);
  while (engine.step()) {
  }
  ASSERT_TRUE(outcome.done) << outcome.other;
  asked.ids = outcome.ids;
  asked.pixels = outcome.pixels;
  asked.logprobs = outcome.logprobs;
  asked.text = outcome.text;
}

inline void expect_alone(const Outcome& outcome, const Asked& asked) {
  EXPECT_EQ(outcome.other, "");
  EXPECT_EQ(outcome.ids, asked.ids);
  EXPECT_EQ(outcome.pixels, asked.pixels);
  EXPECT_EQ(outcome.logprobs, asked.logprobs);
  EXPECT_EQ(outcome.text, asked.text);
  EXPECT_EQ(outcome.streamed, asked.text);
}

// All of them submitted at once, to engines of one row, of few and of many.
inline void expect_alone_at_once(const Model& model, const std::vector<Asked>& all) {
  for (const int rows : {1, 3, 64}) {
    SCOPED_TRACE(rows);
    Engine engine(model, {.rows = rows});
    std::vector<Outcome> outcomes(all.size());
    for (size_t i = 0; i < all.size(); ++i) submit(engine, all[i], outcomes[i]);
    while (engine.step()) {
    }
    for (size_t i = 0; i < all.size(); ++i) expect_alone(outcomes[i], all[i]);
  }
}

// Joins, cancels and faults at random steps, with random rows and memory.
inline void run_schedule(const Model& model, const std::vector<Asked>& requests, uint32_t seed) {
  std::mt19937 random(seed);
  const auto below = [&](int count) { return static_cast<int>(random() % static_cast<uint32_t>(count)); };
  const int64_t need = 2 * model.info().context_length;  // of the longest requests
  const auto window = [&] { return below(3) == 0 ? kAutoWindow : below(5) == 0 ? 64 : 1 + below(12); };
  const EngineOptions options{.rows = 1 + below(9),
                              .cache_tokens = below(3) == 0 ? need : need * (2 + below(8)),
                              .chunk_tokens = 2 + below(30),
                              .hold_ms = below(2),
                              .answer_window = window(),
                              .image_window = window()};
  Engine engine(model, options);
  struct Run {
    const Asked* asked;
    int joins, cancelled;  // at which step; -1 = never
    bool faulty;
    RequestId id = 0;
    Outcome outcome;
  };
  std::vector<std::unique_ptr<Run>> runs;
  const int count = 2 + below(4), span = 1 + below(40);
  for (int i = 0; i < count; ++i) {
    auto run = std::make_unique<Run>();
    run->asked = &requests[static_cast<size_t>(below(static_cast<int>(requests.size())))];
    run->joins = below(span);
    run->cancelled = below(5) == 0 ? run->joins + below(30) : -1;
    run->faulty = below(8) == 0;
    runs.push_back(std::move(run));
  }
  bool busy = true;
  for (int step = 0; busy || step <= span; ++step) {
    ASSERT_LT(step, 20000) << "it never ends";
    for (const auto& run : runs) {
      if (run->joins == step) {
        run->id = submit(engine, *run->asked, run->outcome, run->faulty ? below(4) : -1);
      }
      if (run->cancelled == step) engine.cancel(run->id);
    }
    busy = engine.step();
  }
  for (const auto& run : runs) {
    SCOPED_TRACE(testing::Message() << "request " << run->asked - requests.data());
    EXPECT_EQ(run->outcome.told, 1);
    EXPECT_TRUE(run->outcome.done || (run->outcome.cancelled && run->cancelled >= 0) ||
                (run->outcome.fault && run->faulty))
        << run->outcome.other;
    if (run->outcome.done) expect_alone(run->outcome, *run->asked);
  }
}

inline void run_schedules(const Model& model, const std::vector<Asked>& all, int count) {
  for (int seed = 0; seed < count; ++seed) {
    SCOPED_TRACE(testing::Message() << "schedule " << seed);
    run_schedule(model, all, static_cast<uint32_t>(seed));
    if (testing::Test::HasFailure()) break;
  }
}

}  // namespace janus
