// The weight types of a model's parts, which `--type` and `--keep` choose.
#pragma once

#include <string_view>
#include <vector>

#include "core/checkpoint/checkpoint.h"

namespace janus {

// The type that the weight matrices of each part are converted to.
struct PartTypes {
  WeightType language = WeightType::native;  // the decoder with its token embeddings
  WeightType heads = WeightType::native;     // logits of text and codes, and the way of codes back in
  WeightType vision = WeightType::native;    // the tower and its aligner
  WeightType vq = WeightType::native;        // the VQ image tokenizer
  WeightType vae = WeightType::native;       // the autoencoder whose latents a family draws

  PartTypes() = default;
  // The defaults of `--type`. Below q8_0 only the decoder shrinks: vision tower and heads are small and lose
  // most. The networks of convolutions (vq, vae) stay as they are stored under f16, whose range their small
  // numbers leave, and under the block formats, which convolutions do not have.
  PartTypes(WeightType type);  // NOLINT(google-explicit-constructor): one type is the common case

  // The type of the part of this name. Throws Error naming the known ones for another.
  WeightType& operator[](std::string_view part);
  // Throws Error for types that a part does not take.
  void check() const;
};

// "language", "heads", "vision", "vq", "vae".
std::vector<std::string> part_names();

}  // namespace janus
