// Counts of what the server does, in Prometheus' text format.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace janus::cli {

// The text of a reply to GET /metrics. Samples of one metric follow its head.
class MetricsText {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  // type: "counter", "gauge", "histogram".
  void head(const std::string& name, const std::string& type, const std::string& help);
  void sample(const std::string& name, const Labels& labels, double value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// How often a duration fell below each of a few bounds.
class Histogram {
 public:
  void add(double seconds);
  void write(MetricsText& text, const std::string& name, const MetricsText::Labels& labels) const;

 private:
  static constexpr std::array kBounds_s{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,   0.25, 0.5,
                                        1.0,   2.5,    5.0,   10.0, 25.0,  50.0, 100.0, 250.0};
  std::array<uint64_t, kBounds_s.size()> below_{};
  uint64_t count_ = 0;
  double sum_ = 0;
};

// Safe to use from several threads.
class Metrics {
 public:
  // An HTTP request that is over; status 0: its client went away before it had any.
  void count_http(const std::string& method, const std::string& route, int status, double seconds,
                  int64_t bytes_in, int64_t bytes_out);

  struct Generation {
    std::string model;
    std::string kind;     // "answer", "image"
    std::string outcome;  // "ok", "cancelled", "failed", "refused"
    int64_t prompt_images = 0;
    int64_t sampled = 0;            // tokens or codes
    double seconds = 0;             // since it was submitted
    double first_seconds = -1;      // until its first token or code; below 0: none came
    double sampled_per_second = 0;  // while it was sampled; 0: not known
  };
  void count(const Generation& done);

  // `write` adds what is known only when it is asked for. It must stay callable as long as this lives.
  void add_gauges(std::function<void(MetricsText&)> write);

  std::string text() const;

 private:
  struct Kind {
    std::map<std::string, uint64_t> outcomes;
    Histogram seconds, first_seconds;
    uint64_t sampled = 0, prompt_images = 0;
    double last_rate = 0;
  };

  mutable std::mutex mutex_;
  std::map<std::array<std::string, 3>, uint64_t> http_;  // by method, route and status
  std::map<std::string, Histogram> http_seconds_;        // by route
  uint64_t bytes_in_ = 0, bytes_out_ = 0;
  std::map<std::pair<std::string, std::string>, Kind> kinds_;  // by model and kind
  std::vector<std::function<void(MetricsText&)>> gauges_;
};

}  // namespace janus::cli
