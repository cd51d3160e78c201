// The sizes of a VQ tokenizer, from JSON or from its tensors.
#include "core/base/error.h"
#include "core/base/json.h"
#include "tokenizer/image/vq_model.h"

namespace janus {
namespace {

constexpr int64_t kMost = 1 << 24;
constexpr int64_t kMostLevels = 8;

// The number of consecutive indices below `w` under which `tensor` exists.
int64_t count_below(const Weights& w, const std::string& tensor) {
  int64_t count = 0;
  while ((w / count).contains(tensor)) ++count;
  return count;
}

int64_t output_channels(const Weights& w) { return w.shape("weight", 4)[0]; }

}  // namespace

VqConfig VqConfig::from_json(const nlohmann::json& json, const std::string& where) {
  const JsonObject source(json, where);
  VqConfig config;
  config.codebook_size = source.integer("num_embeddings", config.codebook_size, 1, kMost);
  config.embed_dim = source.integer("embed_dim", config.embed_dim, 1, kMost);
  config.latent_channels = source.integer("latent_channels", config.latent_channels, 1, kMost);
  config.base_channels = source.integer("base_channels", config.base_channels, 1, 1 << 16);
  config.num_res_blocks = source.integer("num_res_blocks", config.num_res_blocks, 1, 64);
  const auto multipliers = source.integers("channel_multiplier", 1, 1 << 8);
  check(!source.contains("channel_multiplier") ||
            (!multipliers.empty() && static_cast<int64_t>(multipliers.size()) <= kMostLevels),
        "{}: channel_multiplier: expected 1 to {} numbers, found {}; use the config.json that came with the "
        "weights",
        where, kMostLevels, multipliers.size());
  if (!multipliers.empty()) {
    config.level_channels.clear();
    for (int64_t multiplier : multipliers) config.level_channels.push_back(multiplier * config.base_channels);
  } else {
    for (int64_t& channels : config.level_channels) channels = channels / 128 * config.base_channels;
  }
  // It stands for the aligner of codes and the image head too; the convolutions have SiLU whatever it says.
  source.choice("hidden_act", {"gelu", "gelu_python"},
                "janus has the exact GELU there: use a model made with it");
  check(!source.boolean("double_latent", false),
        "{}: double_latent: expected false, found true; use a model made as the released ones are", where);
  for (const char* key : {"in_channels", "out_channels"}) {
    const int64_t channels = source.integer(key, 3, 1, kMost);
    check(channels == 3, "{}: {}: expected 3, found {}; use a model made as the released ones are", where,
          key, channels);
  }
  return config;
}

VqConfig VqConfig::from_tensors(const Weights& w, const VqNames& names) {
  VqConfig config;
  const Shape& codebook = w.shape("quantize.embedding.weight", 2);
  config.codebook_size = codebook[0];
  config.embed_dim = codebook[1];
  config.latent_channels = output_channels(w / "post_quant_conv");
  config.base_channels = output_channels(w / "encoder" / "conv_in");

  const Weights levels = w / "encoder" / names.encoder_levels;
  const std::string block = names.block;
  const int64_t count = count_below(levels, block + ".0.conv1.weight");
  check(count > 0 && count <= kMostLevels, "{}: expected 1 to {} levels of residual blocks, found {}",
        levels.path("0"), kMostLevels, count);
  config.num_res_blocks = count_below(levels / 0 / block, "conv1.weight");
  config.level_channels.clear();
  for (int64_t level = 0; level < count; ++level) {
    config.level_channels.push_back(output_channels(levels / level / block / 0 / "conv1"));
  }
  return config;
}

}  // namespace janus
