#include "cli/serve/front.h"

#include "cli/serve/error_reply.h"

namespace janus::cli {
namespace {

void handle(const Route& route, const std::shared_ptr<Exchange>& exchange) {
  try {
    route.handler(exchange);
  } catch (...) {
    exchange->reply(error_reply(exchange->request().path, api_error_of(std::current_exception())));
  }
}

}  // namespace

Front::Front(const FrontSettings& settings, const RouteTable& routes, Workers& workers, Metrics& metrics,
             AccessLog& log)
    : routes_(routes),
      workers_(workers),
      metrics_(metrics),
      log_(log),
      admission_(settings.admission, routes) {
  server_ = start_http_server(
      settings.http, {.admit = [this](const HttpRequest& request) { return admission_(request); },
                      .serve = [this](std::shared_ptr<Exchange> exchange) { serve(std::move(exchange)); },
                      .refuse = [](const HttpRequest& request,
                                   const ApiError& error) { return error_reply(request.path, error); },
                      .done = [this](const HttpOutcome& outcome) { done(outcome); }});
  metrics_.add_gauges([this](MetricsText& text) {
    text.head("janus_http_connections", "gauge", "Open connections");
    text.sample("janus_http_connections", {}, static_cast<double>(server_->connections()));
    text.head("janus_http_requests_open", "gauge", "HTTP requests that have no whole reply yet");
    text.sample("janus_http_requests_open", {}, static_cast<double>(server_->requests()));
  });
}

void Front::close() {
  admission_.close();
  server_->stop_listening();
}

void Front::serve(std::shared_ptr<Exchange> exchange) {
  const HttpRequest& request = exchange->request();
  const Route& route = routes_.find(request.method, request.path);  // it was there when it was admitted
  if (route.traits.quick) {
    handle(route, exchange);
  } else {
    workers_.post([&route, exchange = std::move(exchange)] { handle(route, exchange); });
  }
}

void Front::done(const HttpOutcome& outcome) {
  const HttpRequest& request = outcome.request;
  const std::string route = routes_.pattern_of(request.path);
  const bool known = !route.empty() && !routes_.allowed(request.path).empty();
  metrics_.count_http(known ? request.method : "other", known ? route : "other", outcome.status,
                      outcome.seconds, outcome.bytes_in, outcome.bytes_out);
  log_.add(outcome);
}

}  // namespace janus::cli
