// The server's front: connections on one side, routes and what they share on the other.
#pragma once

#include <memory>

#include "cli/serve/access_log.h"
#include "cli/serve/admission.h"
#include "cli/serve/metrics.h"
#include "cli/serve/route_table.h"
#include "cli/serve/worker_pool.h"

namespace janus::cli {

struct FrontSettings {
  HttpServerOptions http;
  AdmissionSettings admission;
};

class Front {
 public:
  // Starts at once. All that it refers to must outlive it.
  Front(const FrontSettings& settings, const RouteTable& routes, Workers& workers, Metrics& metrics,
        AccessLog& log);
  ~Front() = default;
  Front(const Front&) = delete;
  Front& operator=(const Front&) = delete;

  // Nothing new is taken; what is under way goes on.
  void close();
  int64_t requests() const { return server_->requests(); }

 private:
  void serve(std::shared_ptr<Exchange> exchange);
  void done(const HttpOutcome& outcome);

  const RouteTable& routes_;
  Workers& workers_;
  Metrics& metrics_;
  AccessLog& log_;
  Admission admission_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace janus::cli
