#include "generator/janus/janus_networks.h"

#include <numeric>
#include <string>
#include <utility>

#include "core/base/error.h"
#include "core/tensor/ops.h"
#include "generator/janus/janus_tensor_names.h"
#include "generator/load_options.h"

namespace janus {
namespace {

Mlp load_aligner(const Weights& w, const JanusNames& names, int64_t in, int64_t out) {
  Mlp aligner;
  const int64_t depth = aligner_depth(w, names);
  for (int64_t layer = 0; layer < depth; ++layer) {
    aligner.layers.push_back(Linear::load(aligner_layer(w, names, layer), layer == 0 ? in : out, out));
  }
  return aligner;
}

Linear load_lm_head(const Weights& root, const JanusConfig& config, const Embedding& embed_tokens) {
  const Weights w = root / config.names->lm_head;
  // The tensors count, whatever the tie flags say: converted configs have them wrong both ways.
  if (!w.contains("weight")) return {.weight = embed_tokens.weight, .bias = {}};
  return Linear::load(w, config.language.hidden_size, config.language.vocab_size, /*with_bias=*/false);
}

// Tensors that checkpoints hold and no released model evaluates.
bool known_unused(const std::string& name, const JanusConfig& config) {
  const std::string tower = config.names->vision_tower;
  if (name.starts_with(tower + ".attn_pool.")) return true;
  if (name == std::string(config.names->vq_model) + ".quantize.codebook_used") return true;
  if (name.ends_with(".rotary_emb.inv_freq") || name.ends_with(".embeddings.position_ids")) return true;
  // Blocks behind the selected one.
  const std::string blocks = tower + "." + config.names->siglip.blocks + ".";
  return config.vision.select_layer != -1 && name.starts_with(blocks);
}

void check_all_read(const Checkpoint& checkpoint, const JanusConfig& config) {
  for (const std::string& name : checkpoint.unread()) {
    check(known_unused(name, config),
          "{}: expected a tensor of a Janus model, found one that nothing reads, in {}; take config.json and "
          "weights from one model, or save the model without it",
          name, checkpoint.find(name).file);
  }
}

}  // namespace

JanusNetworks JanusNetworks::load(const Checkpoint& checkpoint, Device& device, const PartTypes& types,
                                  LoadOptions options) {
  types.check();
  settle_tensor_names(checkpoint, janus_names(checkpoint.config()));
  const Weights root(checkpoint, device, WeightType::native, std::move(options));
  JanusNetworks model;
  model.config = read_janus_config(checkpoint, root);
  const JanusConfig& config = model.config;
  const JanusNames& names = *config.names;
  const int64_t width = config.language.hidden_size;
  check_not_smaller(checkpoint, types.language, names.language_model);

  const Weights language = root.part("language", types.language), heads = root.part("heads", types.heads),
                vision = root.part("vision", types.vision), vq = root.part("vq", types.vq);
  model.vision_tower = Siglip::load(vision / names.vision_tower, config.vision, names.siglip);
  model.aligner = load_aligner(vision / names.aligner, names, config.vision.width, width);
  model.language_model = Transformer::load(language / names.language_model, config.language);
  model.lm_head = load_lm_head(heads, config, model.language_model.embed_tokens());
  model.gen_embed = Embedding::load(heads / names.gen_embed, config.vq.codebook_size, config.vq.embed_dim);
  model.gen_aligner = load_aligner(heads / names.gen_aligner, names, config.vq.embed_dim, width);
  const Weights head_in = heads / names.gen_head_in;
  const int64_t head_width = head_in.shape("weight", 2)[0];
  model.gen_head.layers = {Linear::load(head_in, width, head_width),
                           Linear::load(heads / names.gen_head_out, head_width, config.vq.codebook_size)};
  model.vq_model = VqModel::load(vq / names.vq_model, config.vq, names.vq);
  model.cache_dtype = types.language == WeightType::f32 ? DType::f32 : DType::bf16;
  check_all_read(checkpoint, config);
  return model;
}

Tensor JanusNetworks::embed_codes(std::span<const int32_t> codes) const {
  const Tensor entries = gen_embed(codes);  // [B, embed_dim]
  return gen_aligner(entries.reshape({entries.size(0), 1, entries.size(1)}));
}

const Tensor& JanusNetworks::code_table() const {
  if (code_table_made.empty()) {
    std::vector<int32_t> codes(static_cast<size_t>(config.vq.codebook_size));
    std::iota(codes.begin(), codes.end(), 0);
    code_table_made = gen_aligner(gen_embed(codes));
  }
  return code_table_made;
}

}  // namespace janus
