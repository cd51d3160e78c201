#include "cli/serve/openai/openai.h"

#include <fmt/format.h>

#include <chrono>
#include <random>
#include <utility>

#include "cli/serve/error_reply.h"

namespace janus::cli {

void add_openai(Router& router, Service& service) {
  add_chat_completions(router, service);
  add_image_generations(router, service);
  add_responses(router, service);
  add_models(router, service);
  add_embeddings(router, service);
  add_unsupported(router);
}

void add_path(Router& router, const std::string& method, const std::string& path, const Handler& handler,
              RouteTraits traits) {
  router.add(method, "/v1" + path, handler, traits);
  router.add(method, path, handler, traits);
}

std::string new_id(const std::string& prefix) {
  std::random_device random;
  return fmt::format("{}{:08x}{:08x}{:08x}", prefix, random(), random(), random());
}

int64_t now_s() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void with_body_and_model(Service& service, const std::shared_ptr<Exchange>& exchange, ModelWork work) {
  // Messages and images are read with the model that they are for, so the JSON is kept until it is there.
  const auto body = std::make_shared<const nlohmann::json>(parse_body(exchange->request().body));
  with_model(
      service, exchange, RequestFields(*body).text("model"),
      [body, work = std::move(work)](const std::shared_ptr<ServedModel>& model) { work(*body, model); });
}

}  // namespace janus::cli
