// POST /v1/responses: an answer, or an image by the image_generation tool, whole or as it is made.
#include <atomic>
#include <utility>

#include "cli/serve/event_stream.h"
#include "cli/serve/openai/openai.h"
#include "cli/serve/openai/response_request.h"
#include "cli/serve/replies.h"

namespace janus::cli {
namespace {

// One response: the object, and the events that tell how it grows.
class Response {
 public:
  Response(const nlohmann::json& body, const ResponseRequest& asked, std::shared_ptr<ServedModel> model,
           const std::shared_ptr<Exchange>& exchange)
      : exchange_(exchange), model_(std::move(model)), prompt_tokens_(asked.prompt_tokens) {
    if (asked.stream) stream_.emplace(exchange);
    const SamplingOptions& sampling =
        asked.image ? asked.image->job.request.sampling : asked.job.request.sampling;
    const auto as_asked = [&](const char* key, Json otherwise) {
      const auto found = body.find(key);
      return found == body.end() || found->is_null() ? std::move(otherwise) : Json(*found);
    };
    object_ = {{"id", new_id("resp_")},
               {"object", "response"},
               {"created_at", now_s()},
               {"status", "in_progress"},
               {"error", nullptr},
               {"incomplete_details", nullptr},
               {"instructions", as_asked("instructions", nullptr)},
               {"max_output_tokens", as_asked("max_output_tokens", nullptr)},
               {"model", model_->summary().name},
               {"output", Json::array()},
               {"parallel_tool_calls", false},
               {"previous_response_id", nullptr},
               {"store", false},
               {"temperature", rounded(sampling.temperature)},
               {"text", {{"format", {{"type", "text"}}}}},
               {"tool_choice", as_asked("tool_choice", "auto")},
               {"tools", as_asked("tools", Json::array())},
               {"top_p", rounded(sampling.top_p)},
               {"truncation", "disabled"},
               {"usage", nullptr},
               {"metadata", as_asked("metadata", Json::object())},
               {"seed", sampling.seed}};
  }

  // Tells that the one item of the output is on its way. What is told before start() stands before all else.
  void begin(const Json& item) {
    event("response.created", {{"response", object_}});
    event("response.in_progress", {{"response", object_}});
    event("response.output_item.added", {{"output_index", 0}, {"item", item}});
  }

  // An event, where they are asked for.
  void event(const char* type, const Json& fields) {
    if (!stream_) return;
    Json json{{"type", type}, {"sequence_number", sequence_.fetch_add(1)}};
    json.update(fields);
    if (started_) {
      stream_->send(to_line(json), type);
    } else {
      stream_->send_first(to_line(json), type);
    }
  }

  // To be called before the work begins that the events tell of, which may be on another thread.
  void start() { started_ = true; }
  // Sends what is told so far, unless it has failed.
  void send_beginning() {
    if (stream_) stream_->begin();
  }

  // Ends with the item. cut: the answer came to its most tokens.
  void complete(const Json& item, int64_t output_tokens, bool cut) {
    object_["status"] = cut ? "incomplete" : "completed";
    if (cut) object_["incomplete_details"] = {{"reason", "max_output_tokens"}};
    object_["output"].push_back(item);
    object_["usage"] = {{"input_tokens", prompt_tokens_},
                        {"input_tokens_details", {{"cached_tokens", 0}}},
                        {"output_tokens", output_tokens},
                        {"output_tokens_details", {{"reasoning_tokens", 0}}},
                        {"total_tokens", prompt_tokens_ + output_tokens}};
    if (!stream_) return reply_json(*exchange_, object_);
    event("response.output_item.done", {{"output_index", 0}, {"item", item}});
    event(cut ? "response.incomplete" : "response.completed", {{"response", object_}});
    stream_->end();
  }

  void fail(const ApiError& error) {
    if (!stream_) return reply_error(*exchange_, error);
    const auto or_null = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
    const Json json{{"type", "error"},
                    {"code", error.code.empty() ? "server_error" : error.code},
                    {"message", error.what()},
                    {"param", or_null(error.param)},
                    {"sequence_number", sequence_.fetch_add(1)}};
    stream_->fail(error, "error", to_line(json));
  }

 private:
  const std::shared_ptr<Exchange> exchange_;
  const std::shared_ptr<ServedModel> model_;
  const int64_t prompt_tokens_;
  std::optional<EventStream> stream_;
  Json object_;
  bool started_ = false;
  std::atomic<int64_t> sequence_ = 0;  // an error may come from another thread
};

Json text_part(const std::string& text) {
  return {
      {"type", "output_text"}, {"text", text}, {"annotations", Json::array()}, {"logprobs", Json::array()}};
}

// An answer as a response's item, and its events.
class ResponseMessage {
 public:
  explicit ResponseMessage(std::shared_ptr<Response> response) : response_(std::move(response)) {}

  void begin() {
    response_->begin(item("in_progress", Json::array()));
    tell("response.content_part.added", {{"part", text_part("")}});
  }

  void add(std::string_view text) {
    tell("response.output_text.delta", {{"delta", text}, {"logprobs", Json::array()}});
  }

  void complete(const AnswerResult& result) {
    const bool cut = result.finish_reason == FinishReason::length;
    tell("response.output_text.done", {{"text", result.text}, {"logprobs", Json::array()}});
    tell("response.content_part.done", {{"part", text_part(result.text)}});
    response_->complete(item(cut ? "incomplete" : "completed", Json::array({text_part(result.text)})),
                        result.tokens, cut);
  }

 private:
  Json item(const char* status, Json content) const {
    return {{"type", "message"},
            {"id", id_},
            {"status", status},
            {"role", "assistant"},
            {"content", std::move(content)}};
  }

  void tell(const char* type, const Json& fields) {
    Json json{{"item_id", id_}, {"output_index", 0}, {"content_index", 0}};
    json.update(fields);
    response_->event(type, json);
  }

  const std::shared_ptr<Response> response_;
  const std::string id_ = new_id("msg_");
};

// An image as a response's item, and its events.
class ResponseImage {
 public:
  ResponseImage(std::shared_ptr<Response> response, const ResponseRequest& asked,
                std::shared_ptr<ServedModel> model)
      : response_(std::move(response)),
        prompt_(asked.image_prompt),
        writer_(*asked.image, std::move(model)) {}

  void begin() {
    response_->begin(item("in_progress", nullptr));
    tell("response.image_generation_call.in_progress", Json::object());
    tell("response.image_generation_call.generating", Json::object());
  }

  void add(int partial, const Image& so_far) {
    Json json{{"partial_image_index", partial}, {"partial_image_b64", writer_.base64(0, so_far)}};
    json.update(writer_.form());
    tell("response.image_generation_call.partial_image", json);
  }

  void complete(const GeneratedImage& made) {
    const Json whole = item("completed", writer_.base64(0, made.image));
    tell("response.image_generation_call.completed", Json::object());
    response_->complete(whole, writer_.usage(1).at("output_tokens").get<int64_t>(), /*cut=*/false);
  }

 private:
  Json item(const char* status, Json result) const {
    Json json{{"type", "image_generation_call"},
              {"id", id_},
              {"status", status},
              {"result", std::move(result)},
              {"revised_prompt", prompt_}};
    json.update(writer_.form());
    json["seed"] = writer_.seed(0);
    return json;
  }

  void tell(const char* type, const Json& fields) {
    Json json{{"item_id", id_}, {"output_index", 0}};
    json.update(fields);
    response_->event(type, json);
  }

  const std::shared_ptr<Response> response_;
  const std::string prompt_;
  const ImageWriter writer_;
  const std::string id_ = new_id("ig_");
};

void draw(Service& service, const std::shared_ptr<ServedModel>& model,
          const std::shared_ptr<Exchange>& exchange, const ResponseRequest& asked,
          const std::shared_ptr<Response>& response) {
  const auto image = std::make_shared<ResponseImage>(response, asked, model);
  image->begin();
  response->start();
  start_images(
      service, model, exchange, asked.image->job,
      {.on_partial = [=](const PartialImage& partial) { image->add(partial.partial, partial.so_far); },
       .on_image = [=](int, const GeneratedImage& made) { image->complete(made); },
       .on_error = [=](const ApiError& error) { response->fail(error); }});
}

void answer(const std::shared_ptr<ServedModel>& model, const std::shared_ptr<Exchange>& exchange,
            const ResponseRequest& asked, const std::shared_ptr<Response>& response) {
  const auto message = std::make_shared<ResponseMessage>(response);
  message->begin();
  response->start();
  start_answers(model, exchange, asked.job,
                {.on_text = [=](const AnswerPiece& piece) { message->add(piece.text); },
                 .on_done = [=](const auto& results) { message->complete(results.front()); },
                 .on_error = [=](const ApiError& error) { response->fail(error); }});
}

}  // namespace

void add_responses(Router& router, Service& service) {
  add_path(router, "POST", "/responses", [&service](const std::shared_ptr<Exchange>& exchange) {
    with_body_and_model(
        service, exchange,
        [&service, exchange](const nlohmann::json& body, const std::shared_ptr<ServedModel>& model) {
          const ResponseRequest asked =
              read_response_request(body, model->model(), model->known_images(), service.limits);
          const auto response = std::make_shared<Response>(body, asked, model, exchange);
          if (asked.image) {
            draw(service, model, exchange, asked, response);
          } else {
            answer(model, exchange, asked, response);
          }
          response->send_beginning();
        });
  });
}

}  // namespace janus::cli
