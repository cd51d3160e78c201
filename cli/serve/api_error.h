// What a request to the server ends with where it cannot be met.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/error.h"

namespace janus::cli {

// Each protocol writes it in its own shape. `what()` is a sentence for people.
struct ApiError : Error {
  ApiError(int http_status, const std::string& message, std::string error_code = {}, std::string field = {})
      : Error(message), status(http_status), code(std::move(error_code)), param(std::move(field)) {}

  int status;                             // 400, 401, 404, 413, 429, 500, 501, 503
  std::string code;                       // "model_not_found"; may be empty
  std::string param;                      // the field at fault: "messages[0].content"; may be empty
  std::optional<int> retry_after_s = {};  // of 429 and 503
};

// An error of what may succeed so many seconds later: 429 or 503.
inline ApiError retry_later(int status, int after_s, const std::string& message, std::string code = {}) {
  ApiError error(status, message, std::move(code));
  error.retry_after_s = after_s;
  return error;
}
// What a server that ends says to all that comes.
inline ApiError server_ends(int after_s) {
  return retry_later(503, after_s, "server: expected it to go on, found it ending; ask again soon", "ending");
}

// Throws ApiError (400) for the field `param`: "PARAM: expected EXPECTED, found FOUND; REMEDY".
[[noreturn]] void refuse(const std::string& param, std::string_view expected, std::string_view found,
                         std::string_view remedy = {}, std::string code = {});

}  // namespace janus::cli
