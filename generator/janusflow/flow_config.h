// What a JanusFlow checkpoint says of itself: the sizes of its networks, and how images are prepared.
// Source: deepseek-ai/Janus, janusflow/models/modeling_vlm.py and uvit.py.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/checkpoint/checkpoint.h"
#include "core/nn/transformer.h"
#include "generator/janus/image_settings.h"
#include "vision/image.h"
#include "vision/siglip.h"

namespace janus {

// The names of the parts, below the top of the checkpoint.
struct FlowNames {
  static constexpr const char* kLanguageModel = "language_model.model";
  static constexpr const char* kLmHead = "language_model.lm_head";
  static constexpr const char* kVisionTower = "vision_und_enc_model.vision_tower";
  static constexpr const char* kVisionAligner = "vision_und_enc_aligner";
  static constexpr const char* kBeginImage = "beg_of_und_embed";
  static constexpr const char* kEncoder = "vision_gen_enc_model";
  static constexpr const char* kEncoderAligner = "vision_gen_enc_aligner";
  static constexpr const char* kDecoder = "vision_gen_dec_model";
  static constexpr const char* kDecoderAligner = "vision_gen_dec_aligner";
  static constexpr const char* kDecoderAlignerNorm = "vision_gen_dec_aligner_norm";
};

// The two networks around the decoder, ShallowUViTEncoder and ShallowUViTDecoder.
struct UvitConfig {
  int64_t latent_channels = 4;
  int64_t patch = 2;       // places of the latent a token is wide and high
  int64_t channels = 768;  // of the encoder, and of the time features; the decoder has twice as many
  int64_t encoder_blocks = 2, decoder_blocks = 2;
  int64_t time_width = 2048;  // of the time embedding, which is a token of the decoder
  float encoder_eps = 1e-6F, decoder_eps = 1e-6F;
};

struct FlowConfig {
  TransformerConfig language;
  SiglipConfig vision;
  UvitConfig uvit;
  PreprocessConfig preprocess;
  ProcessorSettings processor;

  // An image in a prompt is one embedding for its beginning and one for each patch.
  int64_t image_tokens() const { return 1 + vision.patches(); }
  // An image that is made has a token for each patch of an image that is understood.
  int64_t grid() const { return vision.grid(); }
  int64_t latent_side() const { return uvit.patch * grid(); }
};

// Whether a config is of this family; the table of families asks it.
bool is_janusflow(const nlohmann::json& config);
// `root` is the top scope of the checkpoint. What config.json lacks is taken from the tensors. Throws Error
// naming key or tensor for what does not fit together, or is not computed.
FlowConfig read_flow_config(const Checkpoint& checkpoint, const Weights& root);

}  // namespace janus
