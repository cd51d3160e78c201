// Errors as replies, each protocol in its own shape.
#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cli/serve/service.h"

namespace janus::cli {

// An error in the shape of the protocol that `path` belongs to.
HttpReply error_reply(std::string_view path, const ApiError& error);

// What an exception says to a client: an ApiError as it is, an Error of the library with this status,
// anything else 500.
ApiError api_error_of(const std::exception_ptr& exception, int status = 500);

// Runs `work` on a worker with the model that `name` means (empty: the default), once it is loaded. Where
// there is none, or `work` throws, the exchange is answered with that; the library's Errors are 400.
void with_model(Service& service, const std::shared_ptr<Exchange>& exchange, const std::string& name,
                std::function<void(const std::shared_ptr<ServedModel>&)> work);

}  // namespace janus::cli
