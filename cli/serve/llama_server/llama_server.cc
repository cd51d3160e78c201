// What llama-server's clients ask beside chat completions.
#include "cli/serve/llama_server/props.h"
#include "cli/serve/llama_server/tokens.h"
#include "cli/serve/replies.h"

namespace janus::cli {
namespace {

using TokensReply = Json (*)(const TextTokenizer&, const RequestFields&);

Handler tokens_handler(Service& service, TokensReply reply_of) {
  return [&service, reply_of](const std::shared_ptr<Exchange>& exchange) {
    with_body_and_model(
        service, exchange,
        [exchange, reply_of](const nlohmann::json& body, const std::shared_ptr<ServedModel>& served) {
          reply_json(*exchange, reply_of(served->model().tokenizer(), RequestFields(body)));
        });
  };
}

std::string query_value(const HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.query) {
    if (key == name) return value;
  }
  return {};
}

}  // namespace

void add_llama_server(Router& router, Service& service) {
  router.add("GET", "/props", [&service](const std::shared_ptr<Exchange>& exchange) {
    with_model(service, exchange, query_value(exchange->request(), "model"),
               [exchange](const std::shared_ptr<ServedModel>& served) {
                 reply_json(*exchange, props_json(*served));
               });
  });
  router.add("POST", "/tokenize", tokens_handler(service, tokenize_json));
  router.add("POST", "/detokenize", tokens_handler(service, detokenize_json));
}

}  // namespace janus::cli
