// POST /v1/images/generations: images of a prompt, whole or as they are drawn.
#include <string>
#include <utility>
#include <vector>

#include "cli/serve/best_of.h"
#include "cli/serve/error_reply.h"
#include "cli/serve/event_stream.h"
#include "cli/serve/openai/image_fields.h"
#include "cli/serve/openai/openai.h"

namespace janus::cli {
namespace {

constexpr const char* kPartial = "image_generation.partial_image";
constexpr const char* kCompleted = "image_generation.completed";

Json event(const ImageWriter& writer, const char* type, int k, const Image& image) {
  Json json{{"type", type}, {"b64_json", writer.base64(k, image)}, {"created_at", now_s()}};
  json.update(writer.form());
  json["seed"] = writer.seed(k);
  return json;
}

Json partial_event(const ImageWriter& writer, const PartialImage& partial) {
  Json json = event(writer, kPartial, partial.image, partial.so_far);
  json["index"] = partial.image;
  json["partial_image_index"] = partial.partial;
  json["lines"] = partial.lines;
  json["all_lines"] = partial.all_lines;
  return json;
}

// images: how many were made for it.
Json completed_event(const ImageWriter& writer, int k, const Image& image, int images) {
  Json json = event(writer, kCompleted, k, image);
  json["index"] = k;
  json["usage"] = writer.usage(images);
  return json;
}

ImageEvents streamed(const std::shared_ptr<ImageWriter>& writer, const std::shared_ptr<EventStream>& stream) {
  return {
      .on_place =
          [=](int k, int place) {
            stream->note({{"queue", place}, {"index", k}});
          },
      .on_partial =
          [=](const PartialImage& partial) {
            stream->send(to_line(partial_event(*writer, partial)), kPartial);
          },
      .on_image =
          [=](int k, const GeneratedImage& made) {
            stream->send(to_line(completed_event(*writer, k, made.image, 1)), kCompleted);
          },
      .on_done = [=] { stream->end(); },
      .on_error = [=](const ApiError& error) { stream->fail(error, "error"); },
  };
}

Json content(const ImageWriter& writer, int k, const GeneratedImage& made, bool as_url) {
  Json one;
  if (as_url) {
    one["url"] = writer.data_url(k, made.image);
  } else {
    one["b64_json"] = writer.base64(k, made.image);
  }
  one["seed"] = made.seed;
  return one;
}

std::string whole(const ImageWriter& writer, const std::vector<Json>& data, int images) {
  Json reply{{"created", now_s()}, {"data", data}};
  reply.update(writer.form());
  reply["usage"] = writer.usage(images);
  return to_line(reply);
}

ImageEvents at_once(const std::shared_ptr<ImageWriter>& writer, const std::shared_ptr<Exchange>& exchange,
                    int count, bool as_url) {
  const auto data = std::make_shared<std::vector<Json>>(static_cast<size_t>(count));
  return {
      .on_image =
          [=](int k, const GeneratedImage& made) {
            (*data)[static_cast<size_t>(k)] = content(*writer, k, made, as_url);
          },
      .on_done = [=] { exchange->reply({.body = whole(*writer, *data, count)}); },
      .on_error =
          [=](const ApiError& error) { exchange->reply(error_reply(exchange->request().path, error)); },
  };
}

Json ranking(const std::vector<RankedImage>& ranked) {
  Json list = Json::array();
  for (const RankedImage& one : ranked) list.push_back({{"seed", one.seed}, {"score", one.score}});
  return list;
}

// The events of a best_of have the index of the candidate that they show; the image asked for is the first.
BestOfEvents best_streamed(const std::shared_ptr<ImageWriter>& writer,
                           const std::shared_ptr<EventStream>& stream) {
  return {
      .on_place =
          [=](int k, int place) {
            stream->note({{"queue", place}, {"candidate", k}});
          },
      .on_partial =
          [=](const PartialImage& partial) {
            Json json = partial_event(*writer, partial);
            json["index"] = 0;
            json["candidate"] = partial.image;
            stream->send(to_line(json), kPartial);
          },
      .on_best =
          [=](const GeneratedImage& best, const std::vector<RankedImage>& ranked) {
            Json json =
                completed_event(*writer, ranked.front().image, best.image, static_cast<int>(ranked.size()));
            json["index"] = 0;
            json["candidates"] = ranking(ranked);
            stream->send(to_line(json), kCompleted);
            stream->end();
          },
      .on_error = [=](const ApiError& error) { stream->fail(error, "error"); },
  };
}

BestOfEvents best_at_once(const std::shared_ptr<ImageWriter>& writer,
                          const std::shared_ptr<Exchange>& exchange, bool as_url) {
  return {
      .on_best =
          [=](const GeneratedImage& best, const std::vector<RankedImage>& ranked) {
            Json one = content(*writer, ranked.front().image, best, as_url);
            one["candidates"] = ranking(ranked);
            exchange->reply({.body = whole(*writer, {std::move(one)}, static_cast<int>(ranked.size()))});
          },
      .on_error =
          [=](const ApiError& error) { exchange->reply(error_reply(exchange->request().path, error)); },
  };
}

// The candidates of each image: 1 where the first is as good as any.
int candidates_of(const RequestFields& fields, const ImageFields& asked, const ServeLimits& limits) {
  const auto candidates = static_cast<int>(fields.integer("best_of", 1, {.low = 1, .high = limits.choices}));
  if (candidates > 1 && asked.job.count > 1) {
    refuse_field(fields.path_of("n"), "1 beside best_of", asked.job.count, "ask once for each image");
  }
  return candidates;
}

}  // namespace

void add_image_generations(Router& router, Service& service) {
  add_path(router, "POST", "/images/generations", [&service](const std::shared_ptr<Exchange>& exchange) {
    with_body_and_model(
        service, exchange,
        [&service, exchange](const nlohmann::json& body, const std::shared_ptr<ServedModel>& model) {
          const RequestFields fields(body);
          ImageFields asked = read_image_fields(fields, fields.required_text("prompt"), "prompt",
                                                model->model(), service.limits);
          const auto writer = std::make_shared<ImageWriter>(asked, model);
          const bool as_url = fields.choice("response_format", {"b64_json", "url"}) == std::string("url");
          const int candidates = candidates_of(fields, asked, service.limits);
          if (candidates > 1) asked.job.count = candidates;
          const auto start = [&](ImageEvents images, BestOfEvents best) {
            if (candidates > 1) return start_best_of(service, model, exchange, asked.job, std::move(best));
            start_images(service, model, exchange, asked.job, std::move(images));
          };
          if (!fields.boolean("stream")) {
            return start(at_once(writer, exchange, asked.job.count, as_url),
                         best_at_once(writer, exchange, as_url));
          }
          const auto stream = std::make_shared<EventStream>(exchange);
          start(streamed(writer, stream), best_streamed(writer, stream));
          stream->begin();
        });
  });
}

}  // namespace janus::cli
