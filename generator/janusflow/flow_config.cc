#include "generator/janusflow/flow_config.h"

#include <optional>

#include "core/base/error.h"
#include "core/base/json.h"

namespace janus {
namespace {

constexpr int64_t kMost = 1 << 24;
constexpr const char* kAsReleased = "janus computes what the released model does: use a model made as it is";

std::optional<JsonObject> params_of(const JsonObject& config, const char* key, const char* cls) {
  const auto part = config.object(key);
  if (!part) return std::nullopt;
  part->choice("cls", {cls}, kAsReleased);
  return part->object("params");
}

// A number that the tensors tell, too.
void check_told(const JsonObject& source, const char* key, int64_t stored) {
  const int64_t found = source.integer(key, stored, 0, kMost);
  check(
      found == stored,
      "{}: {}: expected {}, as the tensors have it, found {}; use the config.json that came with the weights",
      source.where(), key, stored, found);
}

void check_one_level(const JsonObject& source, int64_t channels) {
  const auto levels = source.integers("block_out_channels", 1, kMost);
  check(!source.contains("block_out_channels") || (levels.size() == 1 && levels[0] == channels),
        "{}: block_out_channels: expected [{}], as the tensors have it, found {}; use the config.json that "
        "came "
        "with the weights",
        source.where(), channels, excerpt(source.json()["block_out_channels"]));
}

// The settings that encoder and decoder share.
void check_blocks(const JsonObject& source, const UvitConfig& uvit, int64_t blocks) {
  check_one_level(source, uvit.channels);
  check_told(source, "hidden_size", uvit.time_width);
  check_told(source, "layers_in_middle", blocks);
  for (const char* key : {"use_bias", "use_mid_block", "elementwise_affine"}) {
    check(source.boolean(key, true), "{}: {}: expected true, found false; {}", source.where(), key,
          kAsReleased);
  }
}

float read_eps(const JsonObject& source) {
  const double eps = source.number("norm_eps", 1e-6);
  check(eps > 0 && eps < 1, "{}: norm_eps: expected a number between 0 and 1, found {}; {}", source.where(),
        eps, kAsReleased);
  return static_cast<float>(eps);
}

int64_t count_blocks(const Weights& w) {
  const Weights blocks = w / "mid_block" / "res_blocks";
  int64_t count = 0;
  while ((blocks / count).contains("depthwise.weight")) ++count;
  check(count > 0, "{}: expected blocks, found none; use a whole JanusFlow checkpoint", blocks.path("0"));
  return count;
}

UvitConfig uvit_from_tensors(const Weights& root) {
  UvitConfig uvit;
  const Weights encoder = root / FlowNames::kEncoder, decoder = root / FlowNames::kDecoder;
  const Shape& in_conv = (encoder / "in_conv").shape("weight", 4);
  check(in_conv[2] == in_conv[3] && in_conv[2] > 0, "{}: expected a square kernel, found {}; {}",
        encoder.path("in_conv.weight"), in_conv.to_string(), kAsReleased);
  uvit.channels = in_conv[0];
  uvit.latent_channels = in_conv[1];
  uvit.patch = in_conv[2];
  check(uvit.channels % 2 == 0, "{}: expected an even number of channels, found {}; {}",
        encoder.path("in_conv.weight"), uvit.channels, kAsReleased);
  uvit.time_width = (encoder / "time_embed" / "linear_1").shape("weight", 2)[0];
  uvit.encoder_blocks = count_blocks(encoder);
  uvit.decoder_blocks = count_blocks(decoder);
  return uvit;
}

void check_encoder(const JsonObject& source, UvitConfig& uvit) {
  check_told(source, "input_channels", uvit.latent_channels);
  check_told(source, "kernel_size", uvit.patch);
  // The reference's defaults are those of another network: what is missing fits the kernel.
  check_told(source, "stride", uvit.patch);
  const int64_t padding = source.integer("padding", 0, 0, kMost);
  check(padding == 0, "{}: padding: expected 0, found {}; {}", source.where(), padding, kAsReleased);
  check_blocks(source, uvit, uvit.encoder_blocks);
  uvit.encoder_eps = read_eps(source);
}

void check_decoder(const JsonObject& source, UvitConfig& uvit) {
  check_told(source, "in_channels", uvit.channels);
  check_told(source, "out_channels", uvit.latent_channels);
  const int64_t upsamples = source.integer("upsamples", 1, 0, kMost);
  check(upsamples == 1, "{}: upsamples: expected 1, found {}; {}", source.where(), upsamples, kAsReleased);
  check(uvit.patch == 2,
        "{}: upsamples: expected an encoder that halves the latent, found one that divides it by {}; {}",
        source.where(), uvit.patch, kAsReleased);
  check_blocks(source, uvit, uvit.decoder_blocks);
  uvit.decoder_eps = read_eps(source);
}

void read_vision(const JsonObject& source, SiglipConfig& vision) {
  // Another preset has heads of another width, which the tensors do not tell.
  source.choice("model_name", {"siglip_large_patch16_384"}, kAsReleased);
  source.choice("select_feature", {"same"}, kAsReleased);
  vision.select_layer = source.integer("select_layer", -1, -4096, 4096);
  check_told(source, "image_size", vision.image_size);
  check(!source.contains("pixel_mean") && !source.contains("pixel_std"),
        "{}: expected no pixel_mean and pixel_std, found them; {}", source.where(), kAsReleased);
}

}  // namespace

bool is_janusflow(const nlohmann::json& config) {
  const auto type = config.find("model_type"), encoder = config.find("vision_gen_enc_config");
  return type != config.end() && *type == "multi_modality" && encoder != config.end() && !encoder->is_null();
}

FlowConfig read_flow_config(const Checkpoint& checkpoint, const Weights& root) {
  const JsonObject config(checkpoint.config(), checkpoint.files().path("config.json"));
  FlowConfig flow;
  static const nlohmann::json empty = nlohmann::json::object();
  const auto language = config.object("language_config");
  flow.language =
      TransformerConfig::from_json(language ? language->json() : empty, config.where() + ": language_config");
  flow.vision = SiglipConfig::from_tensors(root / FlowNames::kVisionTower, kOriginalSiglip);
  if (const auto vision = params_of(config, "vision_und_enc_config", "CLIPVisionTower"))
    read_vision(*vision, flow.vision);
  flow.uvit = uvit_from_tensors(root);
  if (const auto encoder = params_of(config, "vision_gen_enc_config", "ShallowUViTEncoder"))
    check_encoder(*encoder, flow.uvit);
  if (const auto decoder = params_of(config, "vision_gen_dec_config", "ShallowUViTDecoder"))
    check_decoder(*decoder, flow.uvit);
  check(
      flow.uvit.time_width == flow.language.hidden_size,
      "{}: expected {} rows, the hidden_size of language_config, found {}; take config.json and weights from "
      "one model",
      root.path(std::string(FlowNames::kEncoder) + ".time_embed.linear_1.weight"), flow.language.hidden_size,
      flow.uvit.time_width);
  flow.preprocess = read_image_settings(checkpoint.files(), flow.vision);
  flow.processor = read_processor(checkpoint.files(), flow.vision);
  return flow;
}

}  // namespace janus
