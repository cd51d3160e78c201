#include "cli/serve/api_error.h"

#include <fmt/format.h>

namespace janus::cli {

void refuse(const std::string& param, std::string_view expected, std::string_view found,
            std::string_view remedy, std::string code) {
  throw ApiError(400,
                 fmt::format("{}: expected {}, found {}{}{}", param, expected, found,
                             remedy.empty() ? "" : "; ", remedy),
                 std::move(code), param);
}

}  // namespace janus::cli
