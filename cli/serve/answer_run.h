// The answers to one request of a client: some of them side by side, each with stop strings.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/serve/http/exchange.h"
#include "cli/serve/model_host.h"

namespace janus::cli {

// A piece of an answer's text.
struct AnswerPiece {
  int choice = 0;
  std::string_view text;
  // Where log-probabilities are asked for: the tokens that made it, and the one before them, -1 for none.
  std::span<const SampledToken> tokens = {};
  int32_t before = -1;
};

struct AnswerResult {
  std::string text;
  FinishReason finish_reason = FinishReason::stop;
  int64_t tokens = 0;  // sampled, those of a stop string included
  std::vector<SampledToken> logprobs;
  Timings timings;
};

// Called on the engine's thread, which waits for it: only for quick work. Any may be empty.
struct AnswerEvents {
  // The place of a choice in the model's queue, 0 as soon as it runs: on any thread.
  std::function<void(int choice, int place)> on_place = {};
  std::function<void(const AnswerPiece& piece)> on_text = {};
  std::function<void(int choice, const AnswerResult& result)> on_choice = {};
  // In the end one of these two is called, once.
  std::function<void(const std::vector<AnswerResult>& results)> on_done = {};
  std::function<void(const ApiError& error)> on_error = {};
};

struct AnswerJob {
  AnswerRequest request;  // choice k has the seed + k, modulo 2^32
  int choices = 1;
  std::vector<std::string> stops = {};
};

// Throws ApiError (400, "context_length_exceeded"), naming `param`, for a text that is too long to be worth
// making tokens of.
void check_text_length(size_t bytes, const Model& model, const std::string& param);

// Makes the ids of a request's prompt from its turns, and returns their number. Throws ApiError
// (400, "context_length_exceeded"), naming `param`, where no token of an answer fits behind them.
int64_t make_prompt(AnswerRequest& request, const Model& model, const std::string& param);

// Starts the answers. All are cancelled where one fails, or the exchange's client goes away.
void start_answers(const std::shared_ptr<ServedModel>& model, const std::shared_ptr<Exchange>& exchange,
                   const AnswerJob& job, AnswerEvents events);

}  // namespace janus::cli
