#include "core/base/json_line.h"

namespace janus {

std::string to_line(const OrderedJson& record) {
  return record.dump(-1, ' ', false, nlohmann::detail::error_handler_t::replace);
}

}  // namespace janus
