#include "cli/serve/service.h"

namespace janus::cli {

void add_routes(Router& router, Service& service) {
  add_openai(router, service);
  add_ollama(router, service);
  add_automatic1111(router, service);
  add_llama_server(router, service);
  add_operations(router, service);
  add_page(router);
}

}  // namespace janus::cli
