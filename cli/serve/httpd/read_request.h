// What libmicrohttpd knows of a request, as HttpRequest has it, and what is wrong with it before its body.
#pragma once

#include <microhttpd.h>

#include <optional>
#include <string_view>

#include "cli/serve/http/http_server.h"

namespace janus::cli {

HttpRequest read_request(MHD_Connection* connection, const char* path, const char* method);

// The refusal of an address, as the client sent it, that the library would read as another or would close the
// connection for.
std::optional<ApiError> address_fault(std::string_view address, const HttpLimits& limits);

// The refusal of headers that are too long or too many, or that leave open where the body ends.
std::optional<ApiError> header_fault(MHD_Connection* connection, const HttpRequest& request,
                                     const HttpLimits& limits);

// The length that the headers state; nothing where they state none.
std::optional<int64_t> stated_length(const HttpRequest& request);

}  // namespace janus::cli
