// The paths that the server has, and what answers at each.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/serve/service.h"

namespace janus::cli {

struct Route {
  std::string pattern;  // as it was added: the name of the path in logs and counts
  RouteTraits traits;
  Handler handler;
};

class RouteTable : public Router {
 public:
  void add(const std::string& method, const std::string& path, Handler handler,
           RouteTraits traits = {}) override;

  // The route of a request; HEAD is answered as GET. Throws ApiError: 404, or 405 where the path has other
  // methods.
  const Route& find(const std::string& method, const std::string& path) const;
  // "GET, HEAD, OPTIONS", for a header Allow; empty for a path that there is not.
  std::string allowed(const std::string& path) const;
  // The pattern that a path meets; empty for none.
  std::string pattern_of(const std::string& path) const;

 private:
  using Methods = std::map<std::string, Route>;
  const Methods* methods_of(const std::string& path) const;

  std::map<std::string, Methods> exact_;
  std::map<std::string, Methods> below_;  // by what stands before the one name at the end
};

}  // namespace janus::cli
