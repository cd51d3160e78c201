#include "generator/janus/janus_config.h"

#include "core/base/error.h"
#include "core/base/json.h"

namespace janus {
namespace {

const JanusNames kOriginal{.layout = "original",
                           .language_model = "language_model.model",
                           .lm_head = "language_model.lm_head",
                           .vision_tower = "vision_model.vision_tower",
                           .aligner = "aligner",
                           .gen_embed = "gen_embed",
                           .gen_aligner = "gen_aligner",
                           .gen_head_in = "gen_head.output_mlp_projector",
                           .gen_head_out = "gen_head.vision_head",
                           .vq_model = "gen_vision_model",
                           .first_layer = "layers.0",
                           .more_layers = "layers",
                           .more_layers_step = 2,
                           .more_layers_first = 2,
                           .siglip = kOriginalSiglip,
                           .vq = kOriginalVq};

const JanusNames kTransformers{.layout = "transformers",
                               .language_model = "model.language_model",
                               .lm_head = "lm_head",
                               .vision_tower = "model.vision_model",
                               .aligner = "model.aligner",
                               .gen_embed = "model.generation_embeddings",
                               .gen_aligner = "model.generation_aligner",
                               .gen_head_in = "model.generation_head.proj_out",
                               .gen_head_out = "model.generation_head.vision_head",
                               .vq_model = "model.vqmodel",
                               .first_layer = "fc1",
                               .more_layers = "hidden_layers",
                               .more_layers_step = 1,
                               .more_layers_first = 0,
                               .siglip = kTransformersSiglip,
                               .vq = kTransformersVq};

// An empty object where the key is absent, so that every size takes its default.
const nlohmann::json& object_or_empty(const nlohmann::json& config, const char* key) {
  static const nlohmann::json empty = nlohmann::json::object();
  const auto found = config.find(key);
  return found == config.end() || found->is_null() ? empty : *found;
}

constexpr const char* kAsReleased =
    "janus computes what the released models do: use a model made as they are";

// The original layout keeps most settings of a part under `params`.
std::optional<JsonObject> params_of(const JsonObject& config, const char* key) {
  const auto part = config.object(key);
  return part ? part->object("params") : std::nullopt;
}

// A number that the tensors tell too, and that may be missing.
void check_told(const JsonObject& source, const char* key, int64_t expected) {
  const int64_t found = source.integer(key, expected, 0, int64_t{1} << 32);
  check(found == expected,
        "{}: {}: expected {}, as the tensors and the other settings have it, found {}; use the "
        "config.json that came with the weights",
        source.where(), key, expected, found);
}

// Layers that are stored and not asked for would be passed over, as the references do; of those that are
// missing the first is named.
void check_depth(const JsonObject& source, const char* key, int64_t fallback, const Weights& w,
                 const JanusNames& names) {
  const int64_t asked = source.integer(key, fallback, 1, 4096), stored = aligner_depth(w, names);
  if (asked > stored) aligner_layer(w, names, stored).shape("weight");
  check(asked == stored,
        "{}: {}: expected {}, the layers of {} that are stored, found {}; use the config.json that "
        "came with the weights",
        source.where(), key, stored, w.path(names.first_layer), asked);
}

// The aligner below `w`. Whether its tensors fit the other networks is seen when they are loaded.
void check_projector(const JsonObject& config, const char* key, const Weights& w, const JanusNames& names) {
  const auto params = params_of(config, key);
  if (!params) return;
  params->choice("projector_type", {"mlp_gelu"}, kAsReleased);
  const Shape& first = aligner_layer(w, names, 0).shape("weight", 2);
  check_told(*params, "input_dim", first[1]);
  check_told(*params, "n_embed", first[0]);
  check_depth(*params, "depth", aligner_depth(w, names), w, names);
}

void read_original_vision(const JsonObject& source, SiglipConfig& vision) {
  // Another preset has heads of another width, which the tensors do not tell.
  source.choice("model_name", {"siglip_large_patch16_384"}, kAsReleased);
  source.choice("select_feature", {"same"}, kAsReleased);
  vision.select_layer = source.integer("select_layer", -1, -4096, 4096);
  const int64_t image_size = source.integer("image_size", vision.image_size, 1, 1 << 20);
  check(image_size == vision.image_size,
        "{}: image_size: expected {} (by its position embeddings), found {}; use "
        "the config.json that came with the weights",
        source.where(), vision.image_size, image_size);
  check(!source.contains("pixel_mean") && !source.contains("pixel_std"),
        "{}: expected no pixel_mean and pixel_std, found them; {}", source.where(), kAsReleased);
}

void read_original(const JsonObject& config, const Weights& root, JanusConfig& janus) {
  check(!config.contains("vision_und_enc_config"),
        "{}: expected vision_gen_enc_config beside vision_und_enc_config, as JanusFlow has both, found none; "
        "use "
        "the config.json that came with the weights",
        config.where());
  const nlohmann::json& language = object_or_empty(config.json(), "language_config");
  janus.language = TransformerConfig::from_json(language, config.where() + ": language_config");
  janus.vision = SiglipConfig::from_tensors(root / janus.names->vision_tower, janus.names->siglip);
  if (const auto vision = config.object("vision_config")) {
    vision->choice("cls", {"CLIPVisionTower"}, kAsReleased);
    const auto params = vision->object("params");
    read_original_vision(params ? *params : *vision, janus.vision);
  }
  janus.vq = VqConfig::from_tensors(root / janus.names->vq_model, janus.names->vq);

  const JanusNames& names = *janus.names;
  check_projector(config, "aligner_config", root / names.aligner, names);
  check_projector(config, "gen_aligner_config", root / names.gen_aligner, names);
  if (const auto head = params_of(config, "gen_head_config")) {
    const Shape& stored = (root / names.gen_head_in).shape("weight", 2);
    check_told(*head, "n_embed", stored[1]);
    check_told(*head, "image_token_embed", stored[0]);
    check_told(*head, "image_token_size", janus.vq.codebook_size);
  }
  if (const auto vq = config.object("gen_vision_config")) vq->choice("cls", {"VQ-16"}, kAsReleased);
  if (const auto vq = params_of(config, "gen_vision_config")) {
    check_told(*vq, "image_token_size", janus.vq.codebook_size);
    check_told(*vq, "n_embed", janus.vq.embed_dim);
  }
}

void read_transformers(const JsonObject& config, const Weights& root, JanusConfig& janus) {
  const auto where = [&](const char* key) { return config.where() + ": " + key; };
  const auto part = [&](const char* key) -> const nlohmann::json& {
    return object_or_empty(config.json(), key);
  };
  janus.language = TransformerConfig::from_json(part("text_config"), where("text_config"));
  janus.vision = SiglipConfig::from_json(part("vision_config"), where("vision_config"));
  janus.vq = VqConfig::from_json(part("vq_config"), where("vq_config"));
  // transformers ties by the top-level flag, which is on unless it says otherwise; it counts only where the
  // file has no lm_head.
  janus.language.tie_word_embeddings |= config.boolean("tie_word_embeddings", true);

  const auto check_width = [&](const char* section, const char* key, int64_t fallback) {
    const int64_t width = JsonObject(part(section), where(section)).integer(key, fallback, 1, 1 << 24);
    check(width == janus.language.hidden_size,
          "{}: {}: expected the hidden_size of text_config ({}), found {}; use the config.json that came "
          "with the weights",
          where(section), key, janus.language.hidden_size, width);
  };
  check_width("vision_config", "projection_dim", 2048);
  check_width("vq_config", "image_token_embed_dim", 2048);
  check_width("vq_config", "projection_dim", 2048);

  const JanusNames& names = *janus.names;
  const JsonObject vision(part("vision_config"), where("vision_config")),
      vq(part("vq_config"), where("vq_config"));
  check_told(vision, "num_image_tokens", janus.image_tokens());
  check_depth(vision, "depth", 2, root / names.aligner, names);
  check_depth(vq, "num_hidden_layers", 2, root / names.gen_aligner, names);
}

}  // namespace

Weights aligner_layer(const Weights& w, const JanusNames& names, int64_t layer) {
  if (layer == 0) return w / names.first_layer;
  return w / names.more_layers / (names.more_layers_first + (layer - 1) * names.more_layers_step);
}

int64_t aligner_depth(const Weights& w, const JanusNames& names) {
  int64_t depth = 1;
  while (aligner_layer(w, names, depth).contains("weight")) ++depth;
  return depth;
}

bool is_janus(const nlohmann::json& config) {
  const auto type = config.find("model_type");
  return type != config.end() && (*type == "multi_modality" || *type == "janus");
}

const JanusNames& janus_names(const nlohmann::json& config) {
  return config.at("model_type") == "multi_modality" ? kOriginal : kTransformers;
}

JanusConfig read_janus_config(const Checkpoint& checkpoint, const Weights& root) {
  const JsonObject config(checkpoint.config(), checkpoint.files().name() + "/config.json");
  JanusConfig janus;
  janus.names = &janus_names(checkpoint.config());
  if (janus.names == &kOriginal) {
    read_original(config, root, janus);
  } else {
    read_transformers(config, root, janus);
  }
  janus.preprocess = read_image_settings(checkpoint.files(), janus.vision);
  janus.processor = read_processor(checkpoint.files(), janus.vision);
  return janus;
}

}  // namespace janus
