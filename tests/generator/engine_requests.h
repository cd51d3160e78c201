// Requests of all kinds for tests of the engine, and how each went.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "generator/engine/engine.h"

namespace janus {

inline Image test_image(int index) {
  Image image{.width = 12 + index * 7 % 23, .height = 9 + index * 5 % 31, .pixels = {}};
  for (int i = 0; i < image.width * image.height * 3; ++i) {
    image.pixels.push_back(static_cast<uint8_t>((i * (37 + 6 * index) + 11 * index) % 251));
  }
  return image;
}

struct SinkFault : std::runtime_error {
  SinkFault() : std::runtime_error("the sink has had enough") {}
};

// One of a fixed number of requests, and what it gives alone.
struct Asked {
  std::optional<AnswerRequest> answer;
  std::optional<ImageRequest> image;
  std::optional<ScoreRequest> score;

  std::vector<int32_t> ids;  // of an answer, codes of an image
  std::vector<uint8_t> pixels;
  std::vector<double> logprobs;
  std::string text;
};

// How a request went.
struct Outcome {
  int told = 0;  // calls of on_done and on_error
  bool done = false, cancelled = false, fault = false;
  std::string other;  // another error
  std::vector<int32_t> ids;
  std::vector<uint8_t> pixels;
  std::vector<double> logprobs;
  std::string text, streamed;

  void fail(const std::exception_ptr& error) {
    ++told;
    try {
      std::rethrow_exception(error);
    } catch (const Cancelled&) {
      cancelled = true;
    } catch (const SinkFault&) {
      fault = true;
    } catch (const std::exception& found) {
      other = found.what();
    }
  }
};

// throws_after: tokens after which its sink throws, -1 = never.
inline RequestId submit(Engine& engine, const Asked& asked, Outcome& outcome, int throws_after = -1) {
  const auto progress = [left = throws_after](const char* phase, int64_t, int64_t) mutable {
    const bool counts = phase == std::string("writing") || phase == std::string("drawing");
    if (left >= 0 && counts && left-- == 0) throw SinkFault();
  };
  const auto on_error = [&outcome](const std::exception_ptr& error) { outcome.fail(error); };
  if (asked.answer) {
    return engine.submit(*asked.answer,
                         {.on_text = [&outcome](std::string_view piece) { outcome.streamed += piece; },
                          .on_progress = progress,
                          .on_done =
                              [&outcome](Answer& answer) {
                                ++outcome.told;
                                outcome.done = true;
                                outcome.ids = answer.ids;
                                outcome.text = answer.text;
                              },
                          .on_error = on_error});
  }
  if (asked.image) {
    return engine.submit(*asked.image, {.on_progress = progress,
                                        .on_done =
                                            [&outcome](GeneratedImage& image) {
                                              ++outcome.told;
                                              outcome.done = true;
                                              outcome.ids = image.codes.codes;
                                              outcome.pixels = image.image.pixels;
                                            },
                                        .on_error = on_error});
  }
  return engine.submit(*asked.score, {.on_done =
                                          [&outcome](std::vector<Score>& scores) {
                                            ++outcome.told;
                                            outcome.done = true;
                                            for (const Score& score : scores) {
                                              outcome.logprobs.insert(outcome.logprobs.end(),
                                                                      score.logprobs.begin(),
                                                                      score.logprobs.end());
                                            }
                                          },
                                      .on_error = on_error});
}

}  // namespace janus
