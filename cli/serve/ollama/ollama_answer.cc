#include "cli/serve/ollama/ollama_answer.h"

#include "cli/serve/answer_run.h"
#include "cli/serve/ollama/ollama_models.h"
#include "cli/serve/replies.h"

namespace janus::cli {
namespace {

using Clock = std::chrono::steady_clock;

int64_t nanoseconds(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

int64_t nanoseconds(double milliseconds) { return static_cast<int64_t>(milliseconds * 1e6); }

Json reply_json(const OllamaAsk& ask, std::string_view text, bool done) {
  Json reply{{"model", ask.model}, {"created_at", ollama_now()}};
  if (ask.kind == OllamaKind::chat) {
    reply["message"] = {{"role", "assistant"}, {"content", text}};
  } else {
    reply["response"] = text;
  }
  reply["done"] = done;
  return reply;
}

// One answer on its way. Its functions are called on the engine's thread.
class OllamaReply {
 public:
  OllamaReply(std::shared_ptr<Exchange> exchange, OllamaAsk ask, const OllamaTimes& times,
              int64_t prompt_tokens)
      : exchange_(std::move(exchange)), ask_(std::move(ask)), times_(times), prompt_tokens_(prompt_tokens) {}

  void take(std::string_view text) {
    if (text.empty()) return;
    if (ask_.stream) write(reply_json(ask_, text, false));
  }

  void finish(const AnswerResult& result) {
    Json reply = reply_json(ask_, ask_.stream ? "" : result.text, true);
    reply["done_reason"] = result.finish_reason == FinishReason::stop ? "stop" : "length";
    add_durations(reply, result);
    if (ask_.stream) {
      write(reply);
      exchange_->end();
    } else {
      reply_json(*exchange_, reply);
    }
  }

  void fail(const ApiError& error) {
    HttpReply reply = error_reply(exchange_->request().path, error);
    if (begun_) {
      exchange_->write(reply.body + "\n");
      exchange_->end();
    } else {
      exchange_->reply(std::move(reply));
    }
  }

 private:
  void write(const Json& line) {
    if (!begun_) exchange_->begin(200, "application/x-ndjson");
    begun_ = true;
    exchange_->write(to_line(line) + "\n");
  }

  void add_durations(Json& reply, const AnswerResult& result) const {
    reply["total_duration"] = nanoseconds(Clock::now() - times_.begin);
    reply["load_duration"] = nanoseconds(times_.loaded - times_.begin);
    reply["prompt_eval_count"] = prompt_tokens_;
    reply["prompt_eval_duration"] = nanoseconds(result.timings.vision_ms + result.timings.prefill_ms);
    reply["eval_count"] = result.tokens;
    reply["eval_duration"] = nanoseconds(result.timings.decode_ms);
  }

  const std::shared_ptr<Exchange> exchange_;
  const OllamaAsk ask_;
  const OllamaTimes times_;
  const int64_t prompt_tokens_;
  bool begun_ = false;
};

}  // namespace

Json ollama_loaded(const OllamaAsk& ask) {
  Json reply = reply_json(ask, "", true);
  reply["done_reason"] = "load";
  return reply;
}

void start_ollama_answer(const std::shared_ptr<ServedModel>& model, const std::shared_ptr<Exchange>& exchange,
                         const OllamaAsk& ask, AnswerRequest request, const OllamaTimes& times) {
  const int64_t tokens =
      request.prompt_ids.empty()
          ? make_prompt(request, model->model(), ask.kind == OllamaKind::chat ? "messages" : "prompt")
          : std::ssize(request.prompt_ids);
  const auto reply = std::make_shared<OllamaReply>(exchange, ask, times, tokens);
  start_answers(
      model, exchange, {.request = std::move(request), .stops = ask.stop},
      {.on_text = [reply](const AnswerPiece& piece) { reply->take(piece.text); },
       .on_done = [reply](const std::vector<AnswerResult>& results) { reply->finish(results.front()); },
       .on_error = [reply](const ApiError& error) { reply->fail(error); }});
}

}  // namespace janus::cli
