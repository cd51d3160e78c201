// What an answer means that is not the wanted one, and what mends it.
#pragma once

#include <string>
#include <utility>

#include "cli/hub/server.h"
#include "core/base/error.h"

namespace janus::hub {

// The server could not be asked, or cannot answer now: what it would say is not known.
class NoAnswer : public Error {
 public:
  // brief: what came, for a notice of those who can do without an answer.
  NoAnswer(const std::string& message, std::string brief) : Error(message), brief_(std::move(brief)) {}
  const std::string& brief() const { return brief_; }

 private:
  std::string brief_;
};

// Throws NoAnswer or Error: one line that says what was asked for, what came, and what to do. `what` is the
// subject's name: "config.json".
[[noreturn]] void refuse(const Server& server, const Repository& repository, Subject subject,
                         const std::string& what, const HttpResult& result);

// What came in place of an answer, for notices: "status 503".
std::string found(const HttpResult& result);

// How to ask somebody else: another mirror, or the hub itself.
std::string other_endpoint();

}  // namespace janus::hub
