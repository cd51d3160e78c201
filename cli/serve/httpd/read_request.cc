#include "cli/serve/httpd/read_request.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/ascii.h"

namespace janus::cli {
namespace {

MHD_Result take_header(void* into, MHD_ValueKind /*kind*/, const char* key, const char* value) {
  auto& headers = *static_cast<std::map<std::string, std::string>*>(into);
  const auto [place, fresh] = headers.emplace(ascii_lower(key), value == nullptr ? "" : value);
  // As RFC 9110 5.3 joins fields of one name.
  if (!fresh) place->second += std::string(", ") + (value == nullptr ? "" : value);
  return MHD_YES;
}

MHD_Result take_query(void* into, MHD_ValueKind /*kind*/, const char* key, const char* value) {
  static_cast<std::vector<std::pair<std::string, std::string>>*>(into)->emplace_back(
      key, value == nullptr ? "" : value);
  return MHD_YES;
}

std::string address_of(MHD_Connection* connection) {
  const MHD_ConnectionInfo* info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  if (info == nullptr || info->client_addr == nullptr) return {};
  std::array<char, INET6_ADDRSTRLEN> text{};
  const sockaddr* address = info->client_addr;
  if (address->sa_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text.data(), text.size());
  } else if (address->sa_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
    constexpr size_t kMapped = 12;  // bytes before an IPv4 address that an IPv6 socket sees
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
      inet_ntop(AF_INET, six.s6_addr + kMapped, text.data(), text.size());
    } else {
      inet_ntop(AF_INET6, &six, text.data(), text.size());
    }
  } else {
    return "unix";
  }
  return text.data();
}

}  // namespace

HttpRequest read_request(MHD_Connection* connection, const char* path, const char* method) {
  HttpRequest request{.method = method, .path = path, .query = {}, .headers = {}, .body = {}, .client = {}};
  MHD_get_connection_values(connection, MHD_HEADER_KIND, take_header, &request.headers);
  MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, take_query, &request.query);
  request.client = address_of(connection);
  return request;
}

std::optional<int64_t> stated_length(const HttpRequest& request) {
  const auto found = request.headers.find("content-length");
  if (found == request.headers.end()) return std::nullopt;
  int64_t length = -1;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size() || length < 0) return INT64_MAX;
  return length;
}

std::optional<ApiError> address_fault(std::string_view address, const HttpLimits& limits) {
  if (address.find("%00") != address.npos) {
    return ApiError(400, "address: expected text, found a zero byte (%00); leave it out");
  }
  const size_t mark = address.find('?');
  if (mark == address.npos) return std::nullopt;
  const int64_t fields = 1 + std::count(address.begin() + static_cast<int64_t>(mark), address.end(), '&');
  if (fields <= limits.query_fields) return std::nullopt;
  return ApiError(400, fmt::format("query: expected at most {} fields, found {}; send fewer",
                                   limits.query_fields, fields));
}

std::optional<ApiError> header_fault(MHD_Connection* connection, const HttpRequest& request,
                                     const HttpLimits& limits) {
  const MHD_ConnectionInfo* size =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
  const auto bytes = size == nullptr ? int64_t{0} : static_cast<int64_t>(size->header_size);
  if (bytes > limits.header_bytes) {
    return ApiError(431,
                    fmt::format("headers: expected at most {} bytes, found {}; send fewer or shorter ones",
                                limits.header_bytes, bytes));
  }
  const int64_t fields = MHD_get_connection_values(connection, MHD_HEADER_KIND, nullptr, nullptr);
  if (fields > limits.header_fields) {
    return ApiError(431, fmt::format("headers: expected at most {} fields, found {}; send fewer",
                                     limits.header_fields, fields));
  }
  // A proxy before the server may take such a name for the field itself.
  for (const auto& [name, value] : request.headers) {
    if (name.find_first_of(" \t") == std::string::npos) continue;
    return ApiError(
        400,
        fmt::format("headers: expected names without white space, found \"{:.60}\"; leave it out", name));
  }
  const auto transfer = request.headers.find("transfer-encoding");
  const bool chunked = transfer != request.headers.end();
  if (chunked && ascii_lower(transfer->second) != "chunked") {
    return ApiError(501,
                    fmt::format("Transfer-Encoding: expected chunked, found {:.60}; send the body as it is",
                                transfer->second));
  }
  if (const auto coding = request.headers.find("content-encoding");
      coding != request.headers.end() && ascii_lower(coding->second) != "identity") {
    return ApiError(415,
                    fmt::format("Content-Encoding: expected identity, found {:.60}; send the body as it is",
                                coding->second));
  }
  const auto length = request.headers.find("content-length");
  const bool lengths = length != request.headers.end() && length->second.find(',') != std::string::npos;
  if ((chunked && length != request.headers.end()) || lengths) {
    return ApiError(400,
                    "headers: expected one length of the body, found several; send Content-Length or "
                    "Transfer-Encoding alone");
  }
  return std::nullopt;
}

}  // namespace janus::cli
