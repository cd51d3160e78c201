#include "cli/serve/access_log.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <chrono>
#include <new>

#include "cli/io/json_output.h"
#include "core/base/start_thread.h"

namespace janus::cli {
namespace {

constexpr size_t kMostLines = 10'000;

// "2026-08-19T10:11:12.345Z"
std::string now_text() {
  const auto now = std::chrono::system_clock::now();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  constexpr int64_t kSecond_ms = 1000;
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(std::chrono::system_clock::to_time_t(now)),
                     ms % kSecond_ms);
}

bool is_base64(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' || c == '/' ||
         c == '-' || c == '_' || c == '=' || c == '\\';  // JSON may escape a slash
}

}  // namespace

std::string without_images(const std::string& body) {
  constexpr size_t kLongest = 256, kShown = 16, kMost = 64 << 10;
  std::string text;
  for (size_t at = 0; at < body.size() && text.size() < kMost;) {
    size_t end = at;
    while (end < body.size() && is_base64(body[end])) ++end;
    if (end - at > kLongest) {
      text += fmt::format("{}...({} bytes)", body.substr(at, kShown), end - at);
    } else {
      text += body.substr(at, std::max<size_t>(1, end - at));
      end = std::max(end, at + 1);
    }
    at = end;
  }
  return text;
}

AccessLog::AccessLog(Console& console, bool content) : console_(console), content_(content) {
  thread_ = start_thread([this] { run(); });
}

AccessLog::~AccessLog() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
    came_.notify_all();
  }
  thread_.join();
}

void AccessLog::add(const HttpOutcome& done) {
  if (console_.quiet()) return;
  const HttpRequest& request = done.request;
  Json line{{"time", now_text()},        {"client", request.client},   {"method", request.method},
            {"path", request.path},      {"status", done.status},      {"ms", rounded(done.seconds * 1000)},
            {"bytes_in", done.bytes_in}, {"bytes_out", done.bytes_out}};
  if (!done.whole) line["gone"] = true;
  if (content_ && !request.body.empty()) line["request"] = without_images(request.body);
  const std::lock_guard lock(mutex_);
  if (lines_.size() >= kMostLines) return;
  lines_.push_back(to_line(line));
  came_.notify_one();
}

void AccessLog::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    came_.wait(lock, [this] { return ends_ || !lines_.empty(); });
    if (lines_.empty()) return;
    const std::string line = std::move(lines_.front());
    lines_.pop_front();
    lock.unlock();
    try {
      console_.notice(line);
    } catch (const std::bad_alloc&) {
      // The request itself was served.
    }
    lock.lock();
  }
}

}  // namespace janus::cli
