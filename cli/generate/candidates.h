// The images generated for one prompt, of which the best are kept.
#pragma once

#include <cstdint>
#include <vector>

#include "cli/io/json_output.h"
#include "generator/model.h"

namespace janus::cli {

// A generated image on its way to its output.
struct Candidate {
  uint32_t seed = 0;
  ImageCodes codes;
  Array latent;
  Image image;
  Timings timings;
  double score = 0;  // where candidates are ranked
};

// Holds the images of the best alone, however many are generated.
class Candidates {
 public:
  explicit Candidates(size_t kept) : kept_(kept) {}

  void add(Candidate candidate);
  size_t size() const { return scores_.size(); }
  // Best first; among equals the one generated first, so that the choice is always the same.
  const std::vector<Candidate>& best() const { return best_; }
  // [{"seed", "score"}], in the order generated.
  const Json& scores() const { return scores_; }

 private:
  size_t kept_;
  std::vector<Candidate> best_;
  Json scores_ = Json::array();
};

}  // namespace janus::cli
