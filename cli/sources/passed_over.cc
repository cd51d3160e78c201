#include "cli/sources/passed_over.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace janus::cli {

void PassedOver::add(const std::string& one, const std::string& many, const std::string& path) {
  const std::lock_guard lock(mutex_);
  Kind& kind = kinds_[one];
  kind.many = many.empty() ? one : many;
  if (kind.count++ == 0) kind.first = path;
}

std::string PassedOver::text() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<std::string, Kind>> sorted(kinds_.begin(), kinds_.end());
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const auto& a, const auto& b) { return a.second.count > b.second.count; });
  std::string text;
  for (const auto& [one, kind] : sorted) {
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", kind.count, kind.count == 1 ? one : kind.many);
  }
  return text;
}

int64_t PassedOver::total() const {
  const std::lock_guard lock(mutex_);
  int64_t total = 0;
  for (const auto& [one, kind] : kinds_) total += kind.count;
  return total;
}

std::string PassedOver::first_of(const std::string& one) const {
  const std::lock_guard lock(mutex_);
  const auto found = kinds_.find(one);
  return found == kinds_.end() ? "" : found->second.first;
}

}  // namespace janus::cli
