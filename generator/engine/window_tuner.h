// How many tokens of a sequence one pass should read: the last one, and guesses of what follows. More rows
// make a pass longer and may spare others. Which prevails depends on the machine, the model and the guesses,
// so it is measured while tokens are sampled.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace janus {

// What one pass is about.
struct PassShape {
  int sequences = 0, rows = 0;  // those whose window is to be chosen, and their rows at a window of 1
  int other_sequences = 0, other_rows = 0;  // the rest
};

class WindowTuner {
 public:
  static constexpr int kLargest = 16;

  // The window of the next pass, 1 to kLargest: the best that is known, or now and then one beside it, so
  // that what is known of that stays true.
  int next(const PassShape& shape);
  // What a pass has shown: its rows, how long it took, and the tokens that a sequence gained on average.
  void learn(int window, int rows, double ms, double tokens);

 private:
  static constexpr std::array<int, 8> kWindows{1, 2, 3, 4, 6, 8, 12, kLargest};
  struct Estimate {  // by the last samples, where there are many
    double value = 0;
    int64_t count = 0;
    // share: the weight of this sample where there are many.
    void add(double sample, double share);
  };

  // Known, or what may be hoped for by what is known of smaller windows and fewer rows.
  double tokens(size_t place) const;
  double ms(int rows) const;
  double tokens_per_ms(size_t place, const PassShape& shape) const;
  size_t best(const PassShape& shape) const;
  // Whether a window would be faster than the best if all guesses were right.
  bool may_win(size_t place, const PassShape& shape) const;
  // A window that is worth a few passes to know more of; `best` where there is none.
  size_t worth_a_trial(size_t best, const PassShape& shape);

  std::array<Estimate, kWindows.size()> tokens_{};  // a sequence and pass, by place in kWindows
  std::vector<Estimate> ms_;                        // a pass, by rows
  size_t trial_ = 0;
  int trial_passes_ = 0;     // still to come of a trial
  int64_t since_trial_ = 0;  // passes
  bool larger_next_ = true;
};

}  // namespace janus
