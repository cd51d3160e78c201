// Places in the queue of a model.
#include "cli/serve/host/waiting_line.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <vector>

#include "cli/serve/host/served_engine.h"
#include "generator/builtin_model.h"

namespace janus::cli {
namespace {

TEST(WaitingLine, TellsEachItsPlaceWheneverItChanges) {
  WaitingLine line;
  std::vector<int> a, b, c;
  const uint64_t first = line.join([&](int place) { a.push_back(place); });
  const uint64_t second = line.join([&](int place) { b.push_back(place); });
  const uint64_t third = line.join([&](int place) { c.push_back(place); });
  line.leave(first, /*for_its_turn=*/true);
  line.leave(first, /*for_its_turn=*/true);  // it runs already
  line.leave(second, /*for_its_turn=*/false);
  line.leave(third, /*for_its_turn=*/true);
  EXPECT_EQ(a, (std::vector<int>{1, 0}));
  EXPECT_EQ(b, (std::vector<int>{2, 1}));  // cancelled: its turn never came
  EXPECT_EQ(c, (std::vector<int>{3, 2, 1, 0}));
}

TEST(WaitingLine, OneThatLeavesFromTheMiddleMovesThoseBehindAlone) {
  WaitingLine line;
  std::vector<int> a, c;
  line.join([&](int place) { a.push_back(place); });
  const uint64_t second = line.join([](int) {});
  line.join([&](int place) { c.push_back(place); });
  line.leave(second, /*for_its_turn=*/false);
  EXPECT_EQ(a, (std::vector<int>{1}));
  EXPECT_EQ(c, (std::vector<int>{3, 2}));
}

// Every request of an engine is told its place until it runs, and nothing after that.
TEST(WaitingLine, RequestsOfAnEngineAreToldTheirPlaces) {
  if (JANUS_WITH_SENTENCEPIECE == 0) GTEST_SKIP() << "the built-in model's tokenizer needs SentencePiece";
  ModelCard card;
  card.name = "janus-tiny";
  ChosenModel chosen;
  chosen.name = card.name;
  chosen.model = open_builtin_model(open_device("cpu", {.threads = 1}));
  Metrics metrics;
  std::vector<std::vector<int>> places(6);
  std::vector<std::promise<void>> done(places.size());
  ServedEngine engine(card, std::move(chosen), {.engine = {.rows = 4}, .queue = 64}, metrics);
  for (size_t k = 0; k < places.size(); ++k) {
    engine.submit(ImageRequest{.prompt = "a red circle on a white background"},
                  ImageSink{.on_progress =
                                [&, k](const char* phase, int64_t place, int64_t) {
                                  if (std::string_view(phase) == kWaiting)
                                    places[k].push_back(static_cast<int>(place));
                                },
                            .on_done = [&, k](GeneratedImage&) { done[k].set_value(); }});
  }
  for (auto& each : done) each.get_future().wait();
  engine.stop();
  int most = 0;
  for (const std::vector<int>& told : places) {
    ASSERT_GE(told.size(), 2U);
    EXPECT_TRUE(std::ranges::is_sorted(told, std::greater<>()));
    EXPECT_EQ(std::ranges::count(told, 0), 1);
    most = std::max(most, told.front());
  }
  EXPECT_GE(most, 2);  // two images run at a time
}

}  // namespace
}  // namespace janus::cli
