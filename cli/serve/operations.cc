// /health and /metrics: what those ask who look after the server.
#include "cli/io/json_output.h"
#include "cli/serve/error_reply.h"
#include "cli/serve/metrics.h"
#include "cli/serve/service.h"

namespace janus::cli {

void add_operations(Router& router, Service& service) {
  router.add("GET", "/health",
             [&service](const std::shared_ptr<Exchange>& exchange) {
               if (const std::optional<ApiError> unready = service.models.unready()) throw ApiError(*unready);
               exchange->reply({.body = to_line({{"status", "ok"}})});
             },
             {.open = true, .quick = true});
  router.add(
      "GET", "/metrics",
      [&service](const std::shared_ptr<Exchange>& exchange) {
        exchange->reply({.type = "text/plain; version=0.0.4; charset=utf-8", .body = service.metrics.text()});
      },
      {.quick = true});
}

}  // namespace janus::cli
