// Ollama's paths.
#include <janus/version.h>

#include "cli/serve/ollama/ollama_answer.h"
#include "cli/serve/ollama/ollama_models.h"
#include "cli/serve/replies.h"

namespace janus::cli {
namespace {

using ExchangePtr = std::shared_ptr<Exchange>;

// The Ollama whose interface this is: clients turn away from one that is too old for them.
constexpr const char* kOllamaVersion = "0.13.3";

void answer(Service& service, OllamaKind kind, const ExchangePtr& exchange) {
  const auto begin = std::chrono::steady_clock::now();
  const auto body = std::make_shared<nlohmann::json>(parse_body(exchange->request().body));
  OllamaAsk ask = read_ollama(kind, RequestFields(*body), service.limits);
  with_model(service, exchange, ask.model,
             [&service, exchange, body, ask, begin](const std::shared_ptr<ServedModel>& model) {
               if (ask.only_load) return reply_json(*exchange, ollama_loaded(ask));
               const OllamaTimes times{.begin = begin, .loaded = std::chrono::steady_clock::now()};
               start_ollama_answer(model, exchange, ask,
                                   ollama_answer_request(ask, RequestFields(*body), model->model(),
                                                         model->known_images(), service.limits),
                                   times);
             });
}

void show(Service& service, const ExchangePtr& exchange) {
  const nlohmann::json body = parse_body(exchange->request().body);
  const RequestFields fields(body);
  const std::string name = fields.text("model", fields.text("name"));
  if (name.empty()) throw ApiError(400, "model is required", {}, "model");
  with_model(service, exchange, name, [exchange](const std::shared_ptr<ServedModel>& model) {
    reply_json(*exchange, ollama_show(*model));
  });
}

// What changes the models that there are is for those who run the server.
Handler not_offered(const char* what) {
  return [what](const ExchangePtr&) {
    throw ApiError(
        501, fmt::format("this server does not {}; its command line says which models there are", what));
  };
}

}  // namespace

void add_ollama(Router& router, Service& service) {
  for (const auto& [path, kind] :
       {std::pair{"/api/chat", OllamaKind::chat}, std::pair{"/api/generate", OllamaKind::generate}}) {
    router.add("POST", path,
               [&service, kind](const ExchangePtr& exchange) { answer(service, kind, exchange); });
  }
  router.add("POST", "/api/show", [&service](const ExchangePtr& exchange) { show(service, exchange); });
  router.add("GET", "/api/tags", [&service](const ExchangePtr& exchange) {
    reply_json(*exchange, ollama_tags(service.models.summaries()));
  });
  router.add("GET", "/api/ps", [&service](const ExchangePtr& exchange) {
    reply_json(*exchange, ollama_ps(service.models.summaries()));
  });
  router.add("GET", "/api/version", [](const ExchangePtr& exchange) {
    reply_json(*exchange, {{"version", kOllamaVersion}, {"janus", JANUS_VERSION}});
  });
  router.add("POST", "/api/pull", not_offered("pull models"));
  router.add("POST", "/api/push", not_offered("push models"));
  router.add("POST", "/api/create", not_offered("create models"));
  router.add("POST", "/api/copy", not_offered("copy models"));
  router.add("DELETE", "/api/delete", not_offered("delete models"));
  router.add("POST", "/api/embed", not_offered("embed text"));
  router.add("POST", "/api/embeddings", not_offered("embed text"));
}

}  // namespace janus::cli
