// What llama-server's clients ask beside chat completions.
#include "cli/serve/error_reply.h"
#include "cli/serve/llama_server/props.h"
#include "cli/serve/llama_server/tokens.h"

namespace janus::cli {
namespace {

using TokensReply = Json (*)(const TextTokenizer&, const RequestFields&);

Handler tokens_handler(Service& service, TokensReply reply_json) {
  return [&service, reply_json](const std::shared_ptr<Exchange>& exchange) {
    const auto body = std::make_shared<nlohmann::json>(parse_body(exchange->request().body));
    with_model(service, exchange, RequestFields(*body).text("model"),
               [exchange, body, reply_json](const std::shared_ptr<ServedModel>& served) {
                 const Json reply = reply_json(served->model().tokenizer(), RequestFields(*body));
                 exchange->reply({.body = to_line(reply)});
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
                 exchange->reply({.body = to_line(props_json(*served))});
               });
  });
  router.add("POST", "/tokenize", tokens_handler(service, tokenize_json));
  router.add("POST", "/detokenize", tokens_handler(service, detokenize_json));
}

}  // namespace janus::cli
