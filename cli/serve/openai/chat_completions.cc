// POST /v1/chat/completions: answers, whole or as they are written.
#include <utility>

#include "cli/serve/event_stream.h"
#include "cli/serve/openai/chat_request.h"
#include "cli/serve/openai/logprobs.h"
#include "cli/serve/openai/openai.h"
#include "cli/serve/replies.h"

namespace janus::cli {
namespace {

const char* reason_of(FinishReason reason) { return reason == FinishReason::stop ? "stop" : "length"; }

// What the pieces of one reply have in common.
class ChatReply {
 public:
  ChatReply(const ChatRequest& chat, std::shared_ptr<ServedModel> model)
      : model_(std::move(model)),
        prompt_tokens_(chat.prompt_tokens),
        seed_(chat.job.request.sampling.seed),
        logprobs_(chat.job.request.logprobs),
        include_usage_(chat.include_usage) {}

  std::string whole(const std::vector<AnswerResult>& results) const {
    Json reply = head("chat.completion");
    Json& choices = reply["choices"] = Json::array();
    for (size_t k = 0; k < results.size(); ++k) {
      const AnswerResult& result = results[k];
      choices.push_back({{"index", k},
                         {"message", {{"role", "assistant"}, {"content", result.text}, {"refusal", nullptr}}},
                         {"logprobs", logprobs(result.logprobs, -1)},
                         {"finish_reason", reason_of(result.finish_reason)}});
    }
    reply["usage"] = usage(results);
    reply["seed"] = seed_;
    return to_line(reply);
  }

  std::string chunk(int choice, Json delta, const Json& logprobs = {}, const char* reason = nullptr) const {
    Json reply = head("chat.completion.chunk");
    reply["choices"] = {{{"index", choice},
                         {"delta", std::move(delta)},
                         {"logprobs", logprobs},
                         {"finish_reason", reason != nullptr ? Json(reason) : Json()}}};
    if (include_usage_) reply["usage"] = nullptr;
    return to_line(reply);
  }

  std::string text_chunk(const AnswerPiece& piece) const {
    return chunk(piece.choice, {{"content", piece.text}}, logprobs(piece.tokens, piece.before));
  }

  std::string usage_chunk(const std::vector<AnswerResult>& results) const {
    Json reply = head("chat.completion.chunk");
    reply["choices"] = Json::array();
    reply["usage"] = usage(results);
    reply["seed"] = seed_;
    return to_line(reply);
  }

  bool include_usage() const { return include_usage_; }

 private:
  Json head(const char* object) const {
    Json reply{{"id", id_}, {"object", object}, {"created", created_}, {"model", model_->summary().name}};
    const std::string& fingerprint = model_->summary().fingerprint;
    if (!fingerprint.empty()) reply["system_fingerprint"] = fingerprint;
    return reply;
  }

  Json logprobs(std::span<const SampledToken> tokens, int32_t before) const {
    if (!logprobs_) return {};
    return {{"content", logprobs_json(model_->model().tokenizer(), tokens, before)}, {"refusal", nullptr}};
  }

  Json usage(const std::vector<AnswerResult>& results) const {
    int64_t tokens = 0;
    for (const AnswerResult& result : results) tokens += result.tokens;
    return {{"prompt_tokens", prompt_tokens_},
            {"completion_tokens", tokens},
            {"total_tokens", prompt_tokens_ + tokens}};
  }

  const std::shared_ptr<ServedModel> model_;
  const std::string id_ = new_id("chatcmpl-");
  const int64_t created_ = now_s(), prompt_tokens_;
  const uint32_t seed_;
  const bool logprobs_, include_usage_;
};

AnswerEvents streamed(const std::shared_ptr<ChatReply>& reply, const std::shared_ptr<EventStream>& stream) {
  return {
      .on_place =
          [=](int choice, int place) {
            stream->note({{"queue", place}, {"index", choice}});
          },
      .on_text = [=](const AnswerPiece& piece) { stream->send(reply->text_chunk(piece)); },
      .on_choice =
          [=](int choice, const AnswerResult& result) {
            stream->send(reply->chunk(choice, Json::object(), {}, reason_of(result.finish_reason)));
          },
      .on_done =
          [=](const std::vector<AnswerResult>& results) {
            if (reply->include_usage()) stream->send(reply->usage_chunk(results));
            stream->send("[DONE]");
            stream->end();
          },
      .on_error = [=](const ApiError& error) { stream->fail(error); },
  };
}

AnswerEvents at_once(const std::shared_ptr<ChatReply>& reply, const std::shared_ptr<Exchange>& exchange) {
  return {
      .on_done =
          [=](const std::vector<AnswerResult>& results) { exchange->reply({.body = reply->whole(results)}); },
      .on_error = [=](const ApiError& error) { reply_error(*exchange, error); },
  };
}

}  // namespace

void add_chat_completions(Router& router, Service& service) {
  add_path(router, "POST", "/chat/completions", [&service](const std::shared_ptr<Exchange>& exchange) {
    with_body_and_model(
        service, exchange,
        [&service, exchange](const nlohmann::json& body, const std::shared_ptr<ServedModel>& model) {
          const ChatRequest chat =
              read_chat_request(body, model->model(), model->known_images(), service.limits);
          const auto reply = std::make_shared<ChatReply>(chat, model);
          if (!chat.stream) return start_answers(model, exchange, chat.job, at_once(reply, exchange));
          const auto stream = std::make_shared<EventStream>(exchange);
          for (int k = 0; k < chat.job.choices; ++k) {
            stream->send_first(reply->chunk(k, {{"role", "assistant"}, {"content", ""}}));
          }
          start_answers(model, exchange, chat.job, streamed(reply, stream));
          stream->begin();
        });
  });
}

}  // namespace janus::cli
