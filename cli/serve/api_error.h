// What a request to the server ends with where it cannot be met.
#pragma once

#include <optional>
#include <string>

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

}  // namespace janus::cli
