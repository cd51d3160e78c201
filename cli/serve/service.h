// What the handlers of all protocols share.
#pragma once

#include <functional>
#include <memory>

#include "cli/serve/http/exchange.h"
#include "cli/serve/model_host.h"

namespace janus::cli {

// Runs work that takes a while (decoding, encoding, enlarging images) off the engines' and the network's
// threads.
class Workers {
 public:
  virtual ~Workers() = default;
  virtual void post(std::function<void()> work) = 0;
};

struct ServeLimits;  // settings of the command (cli/serve/serve_limits.h)
class Metrics;       // counters of the server (cli/serve/metrics.h)

struct Service {
  ModelHost& models;
  Workers& workers;
  const ServeLimits& limits;
  Metrics& metrics;
};

// A handler runs on a worker; it may keep the exchange and answer later. What it throws is answered by the
// router, in the shape of the protocol that the path belongs to.
using Handler = std::function<void(const std::shared_ptr<Exchange>&)>;

struct RouteTraits {
  bool open = false;   // to those without a key, too: a page, or what says whether the server is there
  bool quick = false;  // answers at once, on the network's thread, however busy the workers are
};

class Router {
 public:
  virtual ~Router() = default;
  // path: "/v1/models", or with one name at the end, which may hold slashes: "/v1/models/{model}".
  virtual void add(const std::string& method, const std::string& path, Handler handler,
                   RouteTraits traits = {}) = 0;
};

// The protocols, one file or folder each.
void add_openai(Router& router, Service& service);
void add_ollama(Router& router, Service& service);
void add_automatic1111(Router& router, Service& service);
void add_llama_server(Router& router, Service& service);  // /props, /tokenize, /detokenize
void add_operations(Router& router, Service& service);    // /health, /metrics
void add_page(Router& router);
// All of them.
void add_routes(Router& router, Service& service);

}  // namespace janus::cli
