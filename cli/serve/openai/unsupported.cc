#include <fmt/format.h>

#include <array>

#include "cli/serve/openai/openai.h"

namespace janus::cli {
namespace {

struct Unsupported {
  const char* method;
  const char* path;
  const char* reason;
};

constexpr const char* kNoEdits =
    "the model draws images from words alone and cannot change one; ask /v1/images/generations";
constexpr const char* kNoSound = "the model reads and makes text and images, no sound";
constexpr const char* kNoState = "the server keeps nothing between requests; send all in each";

constexpr std::array kUnsupported{
    Unsupported{"POST", "/images/edits", kNoEdits},
    Unsupported{"POST", "/images/variations", kNoEdits},
    Unsupported{"POST", "/completions", "the model answers in conversations alone; ask /v1/chat/completions"},
    Unsupported{"POST", "/audio/speech", kNoSound},
    Unsupported{"POST", "/audio/transcriptions", kNoSound},
    Unsupported{"POST", "/audio/translations", kNoSound},
    Unsupported{"POST", "/moderations", "the model does not judge texts"},
    Unsupported{"POST", "/rerank", "the model does not compare texts"},
    Unsupported{"POST", "/videos", "the model makes no videos"},
    Unsupported{"GET", "/responses/{id}", kNoState},
    Unsupported{"DELETE", "/responses/{id}", kNoState},
    Unsupported{"GET", "/chat/completions", kNoState},
    Unsupported{"GET", "/files", kNoState},
    Unsupported{"POST", "/files", kNoState},
    Unsupported{"POST", "/batches", "requests are not queued as files; send them side by side"},
    Unsupported{"POST", "/fine_tuning/jobs", "models are not trained here"},
};

}  // namespace

void add_unsupported(Router& router) {
  for (const Unsupported& each : kUnsupported) {
    add_path(router, each.method, each.path, [&each](const std::shared_ptr<Exchange>&) {
      throw ApiError(501, fmt::format("/v1{} is not supported: {}", each.path, each.reason), "unsupported");
    });
  }
}

}  // namespace janus::cli
