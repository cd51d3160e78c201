#include "cli/generate/candidates.h"

#include <algorithm>
#include <utility>

namespace janus::cli {

void Candidates::add(Candidate candidate) {
  scores_.push_back({{"seed", candidate.seed}, {"score", candidate.score}});
  const auto place = std::upper_bound(best_.begin(), best_.end(), candidate,
                                      [](const auto& a, const auto& b) { return a.score > b.score; });
  best_.insert(place, std::move(candidate));
  if (best_.size() > kept_) best_.pop_back();
}

}  // namespace janus::cli
