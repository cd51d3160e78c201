// The server's front with routes of the test's own, in the test's process.
#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "cli/serve/front.h"
#include "cli/serve/listener.h"

namespace janus::test {

// Whether the build has the module that answers.
#define JANUS_NEEDS_SERVE() \
  if (JANUS_WITH_SERVE == 0) GTEST_SKIP() << "built with JANUS_SERVE=OFF"

class TestFront {
 public:
  explicit TestFront(const cli::HttpLimits& limits = {}, cli::AdmissionSettings admission = {}) {
    const cli::Listener listener = cli::open_listener("127.0.0.1", 0);
    port_ = std::atoi(listener.address.substr(listener.address.rfind(':') + 1).c_str());
    settings_.http = {.listener = listener.socket, .limits = limits};
    settings_.admission = std::move(admission);
    routes_.add("GET", "/hello", [](const auto& exchange) { exchange->reply({.body = "\"hello\""}); });
    routes_.add("POST", "/size", [](const auto& exchange) {
      exchange->reply({.body = std::to_string(exchange->request().body.size())});
    });
  }
  void start() { front_.emplace(settings_, routes_, workers_, metrics_, log_); }
  void stop() { front_.reset(); }

  int port() const { return port_; }
  cli::RouteTable& routes() { return routes_; }
  cli::Front& front() { return *front_; }
  cli::Metrics& metrics() { return metrics_; }
  cli::FrontSettings& settings() { return settings_; }

 private:
  int port_ = 0;
  cli::FrontSettings settings_;
  cli::RouteTable routes_;
  cli::Metrics metrics_;
  cli::Console console_{/*quiet=*/true, /*verbose=*/false};
  cli::AccessLog log_{console_, /*content=*/false};
  cli::WorkerPool workers_{2};
  std::optional<cli::Front> front_;
};

}  // namespace janus::test
