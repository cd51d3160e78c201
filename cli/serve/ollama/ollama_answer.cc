#include "cli/serve/ollama/ollama_answer.h"

#include "cli/serve/error_reply.h"
#include "cli/serve/ollama/ollama_models.h"
#include "generator/engine/engine_model.h"

namespace janus::cli {
namespace {

int64_t nanoseconds(Clock::duration duration) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(duration).count();
}

int64_t nanoseconds(double milliseconds) { return static_cast<int64_t>(milliseconds * 1e6); }

Json reply_json(const OllamaAsk& ask, const std::string& text, bool done) {
  Json reply{{"model", ask.model}, {"created_at", ollama_now()}};
  if (ask.kind == OllamaKind::chat) {
    reply["message"] = {{"role", "assistant"}, {"content", text}};
  } else {
    reply["response"] = text;
  }
  reply["done"] = done;
  return reply;
}

int64_t prompt_tokens(const Model& model, const AnswerRequest& request) {
  if (!request.prompt_ids.empty()) return std::ssize(request.prompt_ids);
  return std::ssize(model.engine_model().answer_prompt(request.turns, static_cast<int>(request.images.size()),
                                                       request.special_tokens));
}

}  // namespace

Json ollama_loaded(const OllamaAsk& ask) {
  Json reply = reply_json(ask, "", true);
  reply["done_reason"] = "load";
  return reply;
}

OllamaAnswer::OllamaAnswer(std::shared_ptr<Exchange> exchange, std::shared_ptr<ServedModel> model,
                           OllamaAsk ask, Clock::time_point begin, Clock::time_point loaded)
    : exchange_(std::move(exchange)),
      model_(std::move(model)),
      ask_(std::move(ask)),
      begin_(begin),
      loaded_(loaded),
      stop_(ask_.stop),
      first_token_(loaded) {}

void OllamaAnswer::start(AnswerRequest request) {
  prompt_tokens_ = prompt_tokens(model_->model(), request);
  const auto answer = shared_from_this();
  AnswerSink sink{
      .on_text = [answer](std::string_view piece) { answer->take_text(piece); },
      .on_progress =
          [answer](const char*, int64_t done, int64_t) {
            if (answer->tokens_ == 0) answer->first_token_ = Clock::now();
            answer->tokens_ = done;
          },
      .on_done =
          [answer](Answer& made) {
            answer->write(answer->stop_.finish());
            answer->finish(made.finish_reason, made.timings);
          },
      .on_error =
          [answer](const std::exception_ptr& error) {
            try {
              std::rethrow_exception(error);
            } catch (const Stopped&) {
              const auto reading =
                  std::chrono::duration<double, std::milli>(answer->first_token_ - answer->loaded_);
              const auto writing =
                  std::chrono::duration<double, std::milli>(Clock::now() - answer->first_token_);
              ++answer->tokens_;  // the one that the stop string ends in
              answer->finish(FinishReason::stop,
                             {.prefill_ms = reading.count(), .decode_ms = writing.count()});
            } catch (...) {
              answer->fail(api_error_of(error));
            }
          },
  };
  const RequestId id = model_->submit(std::move(request), std::move(sink));
  exchange_->when_gone([model = model_, id] { model->cancel(id); });
}

void OllamaAnswer::take_text(std::string_view piece) {
  write(stop_.push(piece));
  if (stop_.hit()) throw Stopped{};
}

void OllamaAnswer::write(const std::string& text) {
  if (text.empty()) return;
  if (!ask_.stream) {
    text_ += text;
    return;
  }
  if (!begun_) exchange_->begin(200, "application/x-ndjson");
  begun_ = true;
  exchange_->write(to_line(reply_json(ask_, text, false)) + "\n");
}

void OllamaAnswer::finish(FinishReason reason, const Timings& timings) {
  Json reply = reply_json(ask_, text_, true);
  reply["done_reason"] = reason == FinishReason::stop ? "stop" : "length";
  reply["total_duration"] = nanoseconds(Clock::now() - begin_);
  reply["load_duration"] = nanoseconds(loaded_ - begin_);
  reply["prompt_eval_count"] = prompt_tokens_;
  reply["prompt_eval_duration"] = nanoseconds(timings.vision_ms + timings.prefill_ms);
  reply["eval_count"] = tokens_;
  reply["eval_duration"] = nanoseconds(timings.decode_ms);
  if (!ask_.stream) {
    exchange_->reply({.body = to_line(reply)});
    return;
  }
  if (!begun_) exchange_->begin(200, "application/x-ndjson");
  exchange_->write(to_line(reply) + "\n");
  exchange_->end();
}

void OllamaAnswer::fail(const ApiError& error) {
  HttpReply reply = error_reply(exchange_->request().path, error);
  if (!begun_) {
    exchange_->reply(std::move(reply));
    return;
  }
  exchange_->write(reply.body + "\n");
  exchange_->end();
}

}  // namespace janus::cli
