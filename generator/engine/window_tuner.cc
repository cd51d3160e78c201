#include "generator/engine/window_tuner.h"

#include <algorithm>

namespace janus {
namespace {

// Guesses get better while their window moves on: the first passes of a trial say too little.
constexpr int kTrialPasses = 4;
// Trials of a window that is known may cost this share of the time, and come no more often than every so many
// passes.
constexpr double kTrialShare = 0.008;
constexpr double kFewestBetweenTrials = 64;
constexpr double kHopedShare = 0.6;     // of guesses right, before any was read
constexpr double kHopedRowCost = 0.01;  // of a pass, before two lengths of it are known
constexpr double kForget = 0.05;        // the least weight of a new sample
// Of a pass that took longer than is usual, which other programs may have held up, and of a shorter one.
constexpr double kForgetByLonger = 0.05, kForgetByShorter = 0.25;

}  // namespace

void WindowTuner::Estimate::add(double sample, double share) {
  ++count;
  value += (sample - value) * std::max(share, 1.0 / static_cast<double>(count));
}

double WindowTuner::tokens(size_t place) const {
  if (place == 0) return 1;
  if (tokens_[place].count > 0) return tokens_[place].value;
  const double before = tokens(place - 1);
  const double share =
      place == 1 ? kHopedShare : (before - tokens(place - 2)) / (kWindows[place - 1] - kWindows[place - 2]);
  return before + share * (kWindows[place] - kWindows[place - 1]);
}

double WindowTuner::ms(int rows) const {
  const auto known = [this](int count) { return ms_[static_cast<size_t>(count)].count > 0; };
  const auto value = [this](int count) { return ms_[static_cast<size_t>(count)].value; };
  const int end = static_cast<int>(ms_.size());
  int below = std::min(rows, end - 1), above = rows;
  while (below > 0 && !known(below)) --below;
  while (above < end && !known(above)) ++above;
  if (below == rows) return value(rows);
  if (below <= 0) return above < end ? value(above) * rows / above : rows;
  if (above < end) return value(below) + (value(above) - value(below)) * (rows - below) / (above - below);
  int less = below - 1;
  while (less > 0 && !known(less)) --less;
  const double a_row =
      less > 0 ? std::max(0.0, (value(below) - value(less)) / (below - less)) : kHopedRowCost * value(below);
  return value(below) + a_row * (rows - below);
}

double WindowTuner::tokens_per_ms(size_t place, const PassShape& shape) const {
  return (shape.other_sequences + shape.sequences * tokens(place)) /
         ms(shape.other_rows + shape.rows * kWindows[place]);
}

size_t WindowTuner::best(const PassShape& shape) const {
  size_t best = 0;
  for (size_t place = 1; place < kWindows.size() && tokens_[place].count >= kTrialPasses; ++place) {
    if (tokens_per_ms(place, shape) > tokens_per_ms(best, shape)) best = place;
  }
  return best;
}

bool WindowTuner::may_win(size_t place, const PassShape& shape) const {
  return (shape.other_sequences + shape.sequences * kWindows[place]) /
             ms(shape.other_rows + shape.rows * kWindows[place]) >
         tokens_per_ms(best(shape), shape);
}

size_t WindowTuner::worth_a_trial(size_t best, const PassShape& shape) {
  const auto untried =
      static_cast<size_t>(std::find_if(tokens_.begin() + 1, tokens_.end(),
                                       [](const Estimate& tokens) { return tokens.count < kTrialPasses; }) -
                          tokens_.begin());
  if (untried < kWindows.size() && tokens_per_ms(untried, shape) > tokens_per_ms(best, shape)) return untried;
  const bool larger = best == 0 || (larger_next_ && best + 1 < kWindows.size());
  const size_t beside = larger ? best + 1 : best - 1;
  const double of_best = tokens_per_ms(best, shape), lost = of_best - tokens_per_ms(beside, shape);
  const double lost_passes = kTrialPasses * std::max(0.0, lost / of_best) *
                             ms(shape.other_rows + shape.rows * kWindows[beside]) /
                             ms(shape.other_rows + shape.rows * kWindows[best]);
  if (static_cast<double>(since_trial_) < std::max(kFewestBetweenTrials, lost_passes / kTrialShare))
    return best;
  larger_next_ = !larger_next_;
  return beside;
}

int WindowTuner::next(const PassShape& shape) {
  const auto rows = static_cast<size_t>(shape.other_rows + shape.rows * kLargest);
  if (ms_.size() <= rows) ms_.resize(rows + 1);
  ++since_trial_;
  if (trial_passes_ > 0 && may_win(trial_, shape)) {
    --trial_passes_;
    return kWindows[trial_];
  }
  trial_passes_ = 0;
  if (ms_[static_cast<size_t>(shape.other_rows + shape.rows)].count == 0) return 1;
  const size_t place = best(shape), trial = worth_a_trial(place, shape);
  if (trial == place) return kWindows[place];
  trial_ = trial;
  trial_passes_ = kTrialPasses - 1;
  since_trial_ = 0;
  return kWindows[trial];
}

void WindowTuner::learn(int window, int rows, double ms, double tokens) {
  if (ms_.size() <= static_cast<size_t>(rows)) ms_.resize(static_cast<size_t>(rows) + 1);
  Estimate& length = ms_[static_cast<size_t>(rows)];
  length.add(ms, ms < length.value ? kForgetByShorter : kForgetByLonger);
  const auto place = std::find(kWindows.begin(), kWindows.end(), window);
  if (place != kWindows.end()) tokens_[static_cast<size_t>(place - kWindows.begin())].add(tokens, kForget);
}

}  // namespace janus
