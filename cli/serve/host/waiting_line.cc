#include "cli/serve/host/waiting_line.h"

#include <iterator>
#include <utility>

namespace janus::cli {

// Both tell with the lock held, so that nobody is told an older place after a newer one.

uint64_t WaitingLine::join(Tell tell) {
  const std::lock_guard lock(mutex_);
  const auto [place, unused] = waiting_.emplace(next_++, std::move(tell));
  place->second(static_cast<int>(waiting_.size()));
  return place->first;
}

void WaitingLine::leave(uint64_t number, bool for_its_turn) {
  const std::lock_guard lock(mutex_);
  const auto leaving = waiting_.find(number);
  if (leaving == waiting_.end()) return;
  if (for_its_turn) leaving->second(0);
  const auto behind = waiting_.erase(leaving);
  auto place = static_cast<int>(std::distance(waiting_.begin(), behind));
  for (auto moved = behind; moved != waiting_.end(); ++moved) moved->second(++place);
}

}  // namespace janus::cli
