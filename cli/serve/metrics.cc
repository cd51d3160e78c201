#include "cli/serve/metrics.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cmath>
#include <fstream>

namespace janus::cli {
namespace {

std::string escaped(const std::string& value) {
  std::string text;
  for (const char c : value) {
    if (c == '\n') {
      text += "\\n";
    } else {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
  }
  return text;
}

// The bytes of memory that the process has in use; 0 where nothing tells.
double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double all = 0, resident = 0;
  statm >> all >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace

void MetricsText::head(const std::string& name, const std::string& type, const std::string& help) {
  text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void MetricsText::sample(const std::string& name, const Labels& labels, double value) {
  std::string list;
  for (const auto& [key, text] : labels) {
    list += fmt::format("{}{}=\"{}\"", list.empty() ? "" : ",", key, escaped(text));
  }
  text_ += fmt::format("{}{} {}\n", name, list.empty() ? "" : "{" + list + "}", value);
}

void Histogram::add(double seconds) {
  for (size_t i = 0; i < kBounds_s.size(); ++i) below_[i] += seconds <= kBounds_s[i] ? 1 : 0;
  ++count_;
  sum_ += seconds;
}

void Histogram::write(MetricsText& text, const std::string& name, const MetricsText::Labels& labels) const {
  MetricsText::Labels with_bound = labels;
  with_bound.emplace_back("le", "");
  for (size_t i = 0; i < kBounds_s.size(); ++i) {
    with_bound.back().second = fmt::format("{}", kBounds_s[i]);
    text.sample(name + "_bucket", with_bound, static_cast<double>(below_[i]));
  }
  with_bound.back().second = "+Inf";
  text.sample(name + "_bucket", with_bound, static_cast<double>(count_));
  text.sample(name + "_sum", labels, sum_);
  text.sample(name + "_count", labels, static_cast<double>(count_));
}

void Metrics::count_http(const std::string& method, const std::string& route, int status, double seconds,
                         int64_t bytes_in, int64_t bytes_out) {
  const std::lock_guard lock(mutex_);
  ++http_[{method, route, std::to_string(status)}];
  http_seconds_[route].add(seconds);
  bytes_in_ += static_cast<uint64_t>(bytes_in);
  bytes_out_ += static_cast<uint64_t>(bytes_out);
}

void Metrics::count(const Generation& done) {
  const std::lock_guard lock(mutex_);
  Kind& kind = kinds_[{done.model, done.kind}];
  ++kind.outcomes[done.outcome];
  if (done.outcome == "refused") return;
  kind.seconds.add(done.seconds);
  if (done.first_seconds >= 0) kind.first_seconds.add(done.first_seconds);
  kind.sampled += static_cast<uint64_t>(done.sampled);
  kind.prompt_images += static_cast<uint64_t>(done.prompt_images);
  if (done.sampled_per_second > 0) kind.last_rate = done.sampled_per_second;
}

void Metrics::add_gauges(std::function<void(MetricsText&)> write) {
  const std::lock_guard lock(mutex_);
  gauges_.push_back(std::move(write));
}

std::string Metrics::text() const {
  MetricsText text;
  std::vector<std::function<void(MetricsText&)>> gauges;
  {
    const std::lock_guard lock(mutex_);
    text.head("janus_http_requests_total", "counter",
              "HTTP requests by path and status; status 0: the client went away before any");
    for (const auto& [key, count] : http_) {
      text.sample("janus_http_requests_total", {{"method", key[0]}, {"path", key[1]}, {"status", key[2]}},
                  static_cast<double>(count));
    }
    text.head("janus_http_request_seconds", "histogram",
              "Time of HTTP requests, from their headers to the end");
    for (const auto& [route, histogram] : http_seconds_) {
      histogram.write(text, "janus_http_request_seconds", {{"path", route}});
    }
    text.head("janus_http_received_bytes_total", "counter", "Bytes of request bodies");
    text.sample("janus_http_received_bytes_total", {}, static_cast<double>(bytes_in_));
    text.head("janus_http_sent_bytes_total", "counter", "Bytes of reply bodies");
    text.sample("janus_http_sent_bytes_total", {}, static_cast<double>(bytes_out_));

    const auto by_kind = [&](const std::string& name, const std::string& type, const std::string& help,
                             const auto& write) {
      text.head(name, type, help);
      for (const auto& [key, kind] : kinds_) {
        write(name, MetricsText::Labels{{"model", key.first}, {"kind", key.second}}, kind);
      }
    };
    by_kind("janus_requests_total", "counter", "Requests of a model by kind and outcome",
            [&](const std::string& name, MetricsText::Labels labels, const Kind& kind) {
              labels.emplace_back("outcome", "");
              for (const auto& [outcome, count] : kind.outcomes) {
                labels.back().second = outcome;
                text.sample(name, labels, static_cast<double>(count));
              }
            });
    by_kind("janus_sampled_total", "counter", "Tokens of answers and codes of images",
            [&](const std::string& name, const MetricsText::Labels& labels, const Kind& kind) {
              text.sample(name, labels, static_cast<double>(kind.sampled));
            });
    by_kind("janus_sampled_per_second", "gauge", "Tokens or codes a second of the last request",
            [&](const std::string& name, const MetricsText::Labels& labels, const Kind& kind) {
              text.sample(name, labels, kind.last_rate);
            });
    by_kind("janus_prompt_images_total", "counter", "Images that were looked at",
            [&](const std::string& name, const MetricsText::Labels& labels, const Kind& kind) {
              text.sample(name, labels, static_cast<double>(kind.prompt_images));
            });
    by_kind("janus_request_seconds", "histogram", "Time of requests of a model, waiting included",
            [&](const std::string& name, const MetricsText::Labels& labels, const Kind& kind) {
              kind.seconds.write(text, name, labels);
            });
    by_kind("janus_first_sampled_seconds", "histogram", "Time to the first token or code, waiting included",
            [&](const std::string& name, const MetricsText::Labels& labels, const Kind& kind) {
              kind.first_seconds.write(text, name, labels);
            });
    gauges = gauges_;
  }
  text.head("janus_resident_bytes", "gauge", "Memory of the process, mapped weights included");
  text.sample("janus_resident_bytes", {}, resident_bytes());
  for (const auto& write : gauges) write(text);
  return text.text();
}

}  // namespace janus::cli
