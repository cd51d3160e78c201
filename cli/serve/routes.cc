#include "cli/serve/service.h"

namespace janus::cli {

void add_routes(Router& router, Service& service) { add_operations(router, service); }

}  // namespace janus::cli
