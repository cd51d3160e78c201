// POST /v1/images/generations: images of a prompt, whole or as they are drawn.
#include <utility>
#include <vector>

#include "cli/serve/error_reply.h"
#include "cli/serve/event_stream.h"
#include "cli/serve/openai/image_fields.h"
#include "cli/serve/openai/openai.h"

namespace janus::cli {
namespace {

constexpr const char* kPartial = "image_generation.partial_image";
constexpr const char* kCompleted = "image_generation.completed";

ImageEvents streamed(const std::shared_ptr<ImageWriter>& writer, const std::shared_ptr<EventStream>& stream) {
  const auto event = [=](const char* type, int k, const Image& image) {
    Json json{{"type", type}, {"b64_json", writer->base64(k, image)}, {"created_at", now_s()}};
    json.update(writer->form());
    json["seed"] = writer->seed(k);
    json["index"] = k;
    return json;
  };
  return {
      .on_partial =
          [=](int k, int partial, const Image& so_far) {
            Json json = event(kPartial, k, so_far);
            json["partial_image_index"] = partial;
            stream->send(to_line(json), kPartial);
          },
      .on_image =
          [=](int k, const GeneratedImage& made) {
            Json json = event(kCompleted, k, made.image);
            json["usage"] = writer->usage(1);
            stream->send(to_line(json), kCompleted);
          },
      .on_done = [=] { stream->end(); },
      .on_error = [=](const ApiError& error) { stream->fail(error, "error"); },
  };
}

ImageEvents at_once(const std::shared_ptr<ImageWriter>& writer, const std::shared_ptr<Exchange>& exchange,
                    int count, bool as_url) {
  const auto data = std::make_shared<std::vector<Json>>(static_cast<size_t>(count));
  return {
      .on_image =
          [=](int k, const GeneratedImage& made) {
            Json& one = (*data)[static_cast<size_t>(k)];
            if (as_url) {
              one["url"] = writer->data_url(k, made.image);
            } else {
              one["b64_json"] = writer->base64(k, made.image);
            }
            one["seed"] = made.seed;
          },
      .on_done =
          [=] {
            Json reply{{"created", now_s()}, {"data", *data}};
            reply.update(writer->form());
            reply["usage"] = writer->usage(count);
            exchange->reply({.body = to_line(reply)});
          },
      .on_error =
          [=](const ApiError& error) { exchange->reply(error_reply(exchange->request().path, error)); },
  };
}

}  // namespace

void add_image_generations(Router& router, Service& service) {
  add_path(router, "POST", "/images/generations", [&service](const std::shared_ptr<Exchange>& exchange) {
    with_body_and_model(
        service, exchange,
        [&service, exchange](const nlohmann::json& body, const std::shared_ptr<ServedModel>& model) {
          const RequestFields fields(body);
          const ImageFields asked = read_image_fields(fields, fields.required_text("prompt"), "prompt",
                                                      model->model(), service.limits);
          const auto writer = std::make_shared<ImageWriter>(asked, model);
          const bool as_url = fields.choice("response_format", {"b64_json", "url"}) == std::string("url");
          if (!fields.boolean("stream")) {
            return start_images(service, model, exchange, asked.job,
                                at_once(writer, exchange, asked.job.count, as_url));
          }
          const auto stream = std::make_shared<EventStream>(exchange);
          start_images(service, model, exchange, asked.job, streamed(writer, stream));
          stream->begin();
        });
  });
}

}  // namespace janus::cli
