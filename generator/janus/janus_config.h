// What a Janus checkpoint says of itself: its layout, the sizes of its networks, how images are prepared.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "core/checkpoint/checkpoint.h"
#include "core/nn/transformer.h"
#include "generator/janus/image_settings.h"
#include "tokenizer/image/vq_model.h"
#include "vision/image.h"
#include "vision/siglip.h"

namespace janus {

// The names of the parts in a checkpoint layout.
struct JanusNames {
  const char* layout;
  const char* language_model;
  const char* lm_head;
  const char* vision_tower;
  const char* aligner;
  const char* gen_embed;
  const char* gen_aligner;
  const char* gen_head_in;  // Linear, GELU, Linear
  const char* gen_head_out;
  const char* vq_model;
  const char* first_layer;  // of an aligner: its first Linear,
  const char* more_layers;  // the list of the others,
  int more_layers_step;     // numbered first, first + step, ...
  int more_layers_first;
  const SiglipNames& siglip;
  const VqNames& vq;
};

struct JanusConfig {
  const JanusNames* names = nullptr;
  TransformerConfig language;
  SiglipConfig vision;
  VqConfig vq;
  PreprocessConfig preprocess;
  ProcessorSettings processor;

  // Images in prompts and images made have the same grid of embeddings and codes.
  int64_t image_tokens() const { return vision.patches(); }
};

// The place of a linear layer of the aligner below `w`, from 0.
Weights aligner_layer(const Weights& w, const JanusNames& names, int64_t layer);
// The linear layers that are stored of it.
int64_t aligner_depth(const Weights& w, const JanusNames& names);

// Returns whether read_janus_config understands a config; the table of families asks it.
bool is_janus(const nlohmann::json& config);
// The layout that a config of is_janus names.
const JanusNames& janus_names(const nlohmann::json& config);
// `root` is the top scope of the checkpoint: the original layout's config lacks sizes that only tensors have.
// Throws Error for another architecture, naming it, and for anything that does not fit together.
JanusConfig read_janus_config(const Checkpoint& checkpoint, const Weights& root);

}  // namespace janus
