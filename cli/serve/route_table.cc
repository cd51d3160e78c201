#include "cli/serve/route_table.h"

#include <fmt/format.h>

namespace janus::cli {
namespace {

// What stands before "{name}" at a pattern's end; nothing where a pattern is one path.
std::optional<std::string> folder_of(const std::string& pattern) {
  if (!pattern.ends_with('}')) return std::nullopt;
  return pattern.substr(0, pattern.rfind('{'));
}

}  // namespace

void RouteTable::add(const std::string& method, const std::string& path, Handler handler,
                     RouteTraits traits) {
  const std::optional<std::string> folder = folder_of(path);
  Methods& methods = folder ? below_[*folder] : exact_[path];
  methods[method] = {.pattern = path, .traits = traits, .handler = std::move(handler)};
}

const RouteTable::Methods* RouteTable::methods_of(const std::string& path) const {
  if (const auto exact = exact_.find(path); exact != exact_.end()) return &exact->second;
  // Names hold slashes ("owner/repo"), so the longest beginning counts.
  for (auto folder = below_.rbegin(); folder != below_.rend(); ++folder) {
    if (path.size() > folder->first.size() && path.starts_with(folder->first)) return &folder->second;
  }
  return nullptr;
}

std::string RouteTable::allowed(const std::string& path) const {
  const Methods* methods = methods_of(path);
  if (methods == nullptr) return {};
  std::string text;
  for (const auto& [method, route] : *methods) text += method + ", " + (method == "GET" ? "HEAD, " : "");
  return text + "OPTIONS";
}

std::string RouteTable::pattern_of(const std::string& path) const {
  const Methods* methods = methods_of(path);
  return methods == nullptr ? "" : methods->begin()->second.pattern;
}

const Route& RouteTable::find(const std::string& method, const std::string& path) const {
  const Methods* methods = methods_of(path);
  if (methods == nullptr) {
    throw ApiError(404,
                   fmt::format("path {}: expected one that the server has, found none of that name; see "
                               "docs/serving.md",
                               path),
                   "not_found");
  }
  const auto found = methods->find(method == "HEAD" ? "GET" : method);
  if (found != methods->end()) return found->second;
  throw ApiError(405, fmt::format("method of {}: expected one of {}, found {}", path, allowed(path), method),
                 "method_not_allowed");
}

}  // namespace janus::cli
