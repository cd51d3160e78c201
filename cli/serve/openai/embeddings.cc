// POST /v1/embeddings: images as vectors, the mean of what the vision tower sees in their patches.
#include <bit>
#include <cstring>
#include <utility>
#include <vector>

#include "cli/embed/pooling.h"
#include "cli/serve/error_reply.h"
#include "cli/serve/inline_image.h"
#include "cli/serve/openai/openai.h"
#include "core/base/base64.h"

namespace janus::cli {
namespace {

static_assert(std::endian::native == std::endian::little, "base64 is of little-endian floats");

constexpr const char* kImagesAlone =
    "the model has embeddings of images alone, no texts: send images as data URLs";

// The text of one image of the input: itself, or that of a part of a message, or {"image": ...}.
std::string image_text_of(const nlohmann::json& json, const std::string& path) {
  if (json.is_string()) return json.get<std::string>();
  if (!json.is_object()) refuse_field(path, "an image as a data URL or base64", json, kImagesAlone);
  const RequestFields part(json, path);
  for (const char* key : {"image_url", "image"}) {
    const nlohmann::json* value = part.find(key);
    if (value == nullptr) continue;
    if (value->is_string()) return value->get<std::string>();
    return RequestFields(*value, part.path_of(key)).required_text("url");
  }
  refuse_field(path, "an \"image_url\"", json, kImagesAlone);
}

std::vector<Image> read_input(const RequestFields& fields, const ServeLimits& limits) {
  std::vector<Image> images;
  const auto add = [&](const nlohmann::json& json, const std::string& path) {
    if (static_cast<int64_t>(images.size()) == limits.images) {
      throw ApiError(400,
                     fmt::format("input: expected at most {} images, found more; ask twice", limits.images),
                     {}, "input");
    }
    try {
      images.push_back(inline_image(image_text_of(json, path), path, limits));
    } catch (const ApiError& error) {
      if (!json.is_string()) throw;
      throw ApiError(error.status, fmt::format("{} ({})", error.what(), kImagesAlone), error.code,
                     error.param);
    }
  };
  const nlohmann::json* input = fields.find("input");
  if (input != nullptr && input->is_array()) {
    fields.each("input", add);
  } else if (input != nullptr) {
    add(*input, "input");
  }
  if (images.empty())
    refuse_field("input", "an image or a list of them", input == nullptr ? nlohmann::json() : *input,
                 kImagesAlone);
  return images;
}

// The embeddings of one request: an image at a time on the engine's thread, so that others make steps
// between.
class EmbeddingRun : public std::enable_shared_from_this<EmbeddingRun> {
 public:
  EmbeddingRun(std::shared_ptr<Exchange> exchange, std::shared_ptr<ServedModel> model,
               std::vector<Image> images, bool as_base64, int64_t dimensions)
      : exchange_(std::move(exchange)),
        model_(std::move(model)),
        images_(std::move(images)),
        as_base64_(as_base64),
        dimensions_(dimensions) {}

  void next(Service& service) {
    model_->call([self = shared_from_this(), &service](const Model& model) { self->embed(service, model); });
  }

 private:
  void embed(Service& service, const Model& model) {
    try {
      const Image& image = images_[vectors_.size()];
      vectors_.push_back(
          pooled(model.need_image_embedder().embed(image, EmbedStage::vision), Pool::mean).values);
      if (vectors_.size() < images_.size()) return next(service);
      service.workers.post([self = shared_from_this()] { self->answer(); });
    } catch (...) {
      fail(api_error_of(std::current_exception(), 400));
    }
  }

  void answer() {
    const auto width = static_cast<int64_t>(vectors_.front().size());
    if (dimensions_ > 0 && dimensions_ != width) {
      return fail(ApiError(
          400, fmt::format("dimensions: expected {}, as the model has, found {}", width, dimensions_), {},
          "dimensions"));
    }
    Json data = Json::array();
    for (const std::vector<float>& vector : vectors_) {
      data.push_back(
          {{"object", "embedding"},
           {"index", data.size()},
           {"embedding", as_base64_ ? Json(to_base64(std::as_bytes(std::span(vector)))) : Json(vector)}});
    }
    const auto tokens = static_cast<int64_t>(vectors_.size()) * model_->model().info().image_tokens;
    exchange_->reply({.body = to_line({{"object", "list"},
                                       {"data", std::move(data)},
                                       {"model", model_->card().name},
                                       {"usage", {{"prompt_tokens", tokens}, {"total_tokens", tokens}}}})});
  }

  void fail(const ApiError& error) { exchange_->reply(error_reply(exchange_->request().path, error)); }

  const std::shared_ptr<Exchange> exchange_;
  const std::shared_ptr<ServedModel> model_;
  const std::vector<Image> images_;
  const bool as_base64_;
  const int64_t dimensions_;  // 0: not asked for
  std::vector<std::vector<float>> vectors_;
};

}  // namespace

void add_embeddings(Router& router, Service& service) {
  add_path(router, "POST", "/embeddings", [&service](const std::shared_ptr<Exchange>& exchange) {
    with_body_and_model(
        service, exchange,
        [&service, exchange](const nlohmann::json& body, const std::shared_ptr<ServedModel>& model) {
          const RequestFields fields(body);
          const bool as_base64 =
              fields.choice("encoding_format", {"float", "base64"}) == std::string("base64");
          const int64_t dimensions = fields.integer("dimensions", 0, {.low = 1});
          std::make_shared<EmbeddingRun>(exchange, model, read_input(fields, service.limits), as_base64,
                                         dimensions)
              ->next(service);
        });
  });
}

}  // namespace janus::cli
