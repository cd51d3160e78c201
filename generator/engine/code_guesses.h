// Guesses of the codes of an image that come next. A window of them is read in one pass, each with the noise
// of its own place, and the codes sampled behind a wrong one are the next guesses: Jacobi iteration with the
// Gumbel noise held fixed, which ends with the codes of one after another.
// Source: "Accelerating Auto-regressive Text-to-Image Generation with Training-free Speculative Jacobi
// Decoding", arXiv 2410.01699, and the coupling of arXiv 2510.24211.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace janus {

class CodeGuesses {
 public:
  // Codes stand in lines of `width`.
  explicit CodeGuesses(int64_t width) : width_(width) {}

  // Up to `most` guesses of the codes behind `sampled`. What no pass has sampled yet is taken from the left
  // neighbour, at the beginning of a line from the one above.
  std::vector<int32_t> next(std::span<const int32_t> sampled, int64_t most);
  // Takes what a pass sampled behind the first wrong guess, from place `begin` on.
  void set(int64_t begin, std::span<const int32_t> codes);

 private:
  int64_t width_, begin_ = 0;
  std::vector<int32_t> guesses_;  // from place begin_ on
};

}  // namespace janus
